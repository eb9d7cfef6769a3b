"""Checks of what the definitions declare of the data: before an answer joins by a key, and all of them on demand."""
