"""Reads of PostgreSQL: types and values on their way out, and what its own parser makes of a text."""
