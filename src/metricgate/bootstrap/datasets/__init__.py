"""The data of the demo, one file per domain: how each comes from its package into the demo's database."""
