"""Faults of the machine, of engines and of files: what must hold in each, and whether it does."""
