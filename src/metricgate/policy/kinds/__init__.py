"""The kinds of policy rule, one per file: the form in a document, the rule, what rules of it do, and the kind's record.

To add one: a file here, a line in ``policy/rule_kinds.py``, and cases in ``tests/cases/policy/<kind>.yaml``. Roles,
principals and domains say who and what is meant; they decide nothing and are no kinds of rules.
"""
