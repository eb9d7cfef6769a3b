"""Every function, operator and type of the expression language on an engine: docs/expressions.md, line by line."""
