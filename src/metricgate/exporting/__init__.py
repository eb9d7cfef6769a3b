"""Our definitions -> other tools' documents, with a report of everything that they have no form for.

Promises: text in, plain data out; no files, no network. Only a catalog that loads is exported. What the other format
cannot say is told and left out (or kept where the format has a place for others' data); nothing is approximated.
"""
