"""Doors: each translates one protocol to gateway calls and back, and decides nothing."""
