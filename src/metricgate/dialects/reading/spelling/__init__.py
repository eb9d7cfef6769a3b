"""Each dialect's words that are respelt before they are parsed; see ``guarding/spelling.py``."""
