"""Definitions as they stood: git, asked read-only."""
