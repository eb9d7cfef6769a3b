"""Which signatures of tokens may be configured (RFC 7518, RFC 8037, RFC 9864)."""

from __future__ import annotations

from typing import Final

ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Every algorithm that may be configured: all of them have a public key."""
