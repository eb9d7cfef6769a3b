"""Changes to a DuckDB file: carried out by the worker that holds it, committed when the gateway says so."""
