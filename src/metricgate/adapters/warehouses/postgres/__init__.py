"""PostgreSQL: a role's sessions for reads, and connections of the writing role for changes."""
