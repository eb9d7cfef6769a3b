"""How each dialect says what an expression means: one table an engine, from the node that is meant to the tree it says.

What is in no table is said in the words that sqlglot knows for the dialect.
"""
