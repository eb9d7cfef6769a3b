"""DuckDB: an engine in the gateway's own process, and workers that can be killed. They start here: no import."""
