"""Each dialect's words that are respelt before they are parsed; see ``guarding/parser_forms.py``."""
