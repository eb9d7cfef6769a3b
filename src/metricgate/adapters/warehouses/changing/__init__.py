"""Changes carried out on an engine: one road for all engines; what an engine needs for it is in its own package."""
