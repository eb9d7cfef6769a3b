"""Secrets and signatures in the manner of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

_LEAST_BYTES, _MOST_BYTES = 24, 64


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Return the keys of ``whsec_<base64>``, several separated by spaces.

    Raises:
        ValueError: one is none, or there is none.
    """
    keys: list[bytes] = []
    for each in text.split():
        try:
            key = base64.b64decode(each.removeprefix("whsec_"), validate=True)
        except binascii.Error as error:
            raise ValueError("it is no base64") from error
        if not each.startswith("whsec_") or not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
            raise ValueError("a secret is whsec_ and 24 to 64 bytes in base64")
        keys.append(key)
    if not keys:
        raise ValueError("there is none")
    return tuple(keys)


def signature(keys: Sequence[bytes], name: str, seconds: int, body: bytes) -> str:
    """Return ``v1,<base64>`` for every key, separated by spaces."""
    signed = f"{name}.{seconds}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)
