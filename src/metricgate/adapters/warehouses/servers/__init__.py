"""What warehouses behind a network have in common: sessions, deadlines, settings, the writing connection."""
