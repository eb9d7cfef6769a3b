"""Credentials -> principals: API keys and OIDC bearer tokens."""
