"""Whether what a caller may not know of can be told, by its time, from what does not exist."""
