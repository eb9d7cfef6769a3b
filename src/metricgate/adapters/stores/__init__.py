"""Durable stores: the ledger and the keys, on SQLite."""
