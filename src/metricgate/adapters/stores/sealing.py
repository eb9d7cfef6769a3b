"""Bytes that only this gateway can read again: AES-256-GCM under a key of the state folder.

What is sealed is bound to a name, so that one action's images cannot be put in another's place, nor one kind of content
in another kind's. Who has the key file and the data can read all of it: keep the two apart in backups.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from metricgate.adapters.stores.files import write_first

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
            write_first(key_file, secrets.token_bytes(_KEY_BYTES).hex().encode(), 0o600)
        key = bytes.fromhex(key_file.read_text(encoding="ascii").strip())
        if len(key) != _KEY_BYTES:
            raise ValueError(f"{key_file} does not hold a key of {_KEY_BYTES} bytes")
        # Each use has a key of its own.
        self._cipher = AESGCM(hmac.digest(key, b"seal", "sha256"))
        self._marking = hmac.digest(key, b"mark", "sha256")

    def mark(self, purpose: str, text: str) -> str:
        """Return what stands for a text where it must be found again and not be read: equal for equal texts."""
        return hmac.digest(self._marking, f"{purpose}\0{text}".encode(), "sha256").hex()

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
        except (InvalidTag, ValueError) as error:
            raise Unsealable(f"what is kept for {name} cannot be opened") from error
