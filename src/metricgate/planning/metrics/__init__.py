"""How metrics become measures, and values over these."""
