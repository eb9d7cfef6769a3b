"""How each dialect's SQL is read when a stranger wrote it: words, names, functions, and what sqlglot gets wrong."""
