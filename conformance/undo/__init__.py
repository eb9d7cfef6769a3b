"""Random changes taken back on real engines, held against a replay in plain Python."""
