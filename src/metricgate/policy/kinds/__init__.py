"""The kinds of policy rule, one per file: the form in a document, the frozen rule, and what can be wrong with one.

To add one: a file here, a line in ``policy/documents.py`` and ``policy/policy.py``, its part in the judge, and cases in
``tests/cases/policy/<kind>.yaml``.
"""
