"""Devices behind the gateway's ports: warehouses, stores, role engines, identity providers, observers."""
