"""Reads of MariaDB: protocols, types and collations."""
