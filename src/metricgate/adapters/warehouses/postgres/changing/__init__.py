"""Changes to PostgreSQL: its SQL, its session, and what its catalogue says of tables."""
