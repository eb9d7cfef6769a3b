"""The demo's data, one file per domain: how each comes from its package into the demo's database."""
