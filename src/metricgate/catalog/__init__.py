"""YAML documents -> an immutable Catalog, or all Problems at once.

Promises: nothing is loaded in part; every problem has its file, line and column; a definition's version changes with
its meaning and only with it. Reads no files itself: it takes (name, text) pairs.
"""
