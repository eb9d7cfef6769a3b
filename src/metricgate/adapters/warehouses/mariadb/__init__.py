"""MariaDB and MySQL: an account's sessions for reads, and connections of the writing account for changes."""
