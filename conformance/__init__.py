"""Peers' test suites, run through the gateway's public door. The suites themselves are data of others, kept outside."""
