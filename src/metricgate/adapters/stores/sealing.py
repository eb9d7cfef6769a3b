"""Bytes that only this gateway can read again: AES-256-GCM under a key of the state folder.

What is sealed is bound to a name, so that one action's images cannot be put in another's place.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from metricgate.adapters.stores.files import write_new

_KEY_BYTES = 32
_NONCE_BYTES = 12


class Unsealable(Exception):
    """The bytes were not sealed with this key, under this name, or were changed since."""


class Seal:
    """Seals and opens. The key's file is made on first use and readable by its owner only.

    Raises:
        ValueError: the file does not hold a key.
        OSError: it cannot be read or made.
    """

    def __init__(self, key_file: Path) -> None:
        if not key_file.exists():
            write_new(key_file, secrets.token_bytes(_KEY_BYTES).hex().encode(), 0o600)
        key = bytes.fromhex(key_file.read_text(encoding="ascii").strip())
        if len(key) != _KEY_BYTES:
            raise ValueError(f"{key_file} does not hold a key of {_KEY_BYTES} bytes")
        self._cipher = AESGCM(key)

    def seal(self, name: str, content: bytes) -> bytes:
        """Return the content sealed under a name."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return the content.

        Raises:
            Unsealable: it cannot be opened.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise Unsealable(f"what is kept for {name} cannot be opened") from error
