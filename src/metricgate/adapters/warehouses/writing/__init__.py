"""Changes carried out on an engine: one road for all engines, and for each the SQL and the session that it needs."""
