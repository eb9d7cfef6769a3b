"""Processes in which DuckDB runs what may have to be killed, and what they and the gateway say to each other."""
