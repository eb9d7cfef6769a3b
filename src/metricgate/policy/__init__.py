"""(principal, action, resources, context) -> Verdict with reasons.

Promises: deny by default, deny wins, rights are the intersection of agent and user, every verdict names its rules.
Pure: the role engine comes in through the ``RoleBook`` port; a document with a mistake is refused whole.
"""
