"""Changes to MariaDB: its SQL, its session, and what ``information_schema`` says of tables."""
