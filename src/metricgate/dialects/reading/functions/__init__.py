"""Names of functions that were reviewed and found harmless, one file for each dialect."""
