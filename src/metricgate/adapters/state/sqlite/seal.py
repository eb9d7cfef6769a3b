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

from metricgate.adapters.files.whole_files import write_first
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.state.sealed import Unsealable

_KEY_BYTES = 32
_NONCE_BYTES = 12


SEALED_BY = "CREATE TABLE IF NOT EXISTS sealed_by(mark TEXT PRIMARY KEY) STRICT"
"""The table by which a file knows the key that seals its contents."""


class Seal:
    """Seals and opens.

    Args:
        key_file: made where it is missing, readable by its owner only.
        may_make: False where something is sealed already, which a new key would not open.

    Raises:
        ValueError: the file does not hold a key.
        OSError: it is missing and may not be made, or cannot be read or made.
    """

    def __init__(self, key_file: Path, *, may_make: bool = True) -> None:
        if may_make and not key_file.exists():
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


def check_key(database: Database, seal: Seal) -> None:
    """Hold the key against the one that seals the file's contents; a new file takes it for its own.

    Raises:
        Unsealable: the contents were sealed with another key.
    """
    mark = seal.mark("key", "")
    if not (known := database.rows("SELECT mark FROM sealed_by")):
        with database.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO sealed_by VALUES (?)", (mark,))
    elif known != [(mark,)]:
        raise Unsealable("the file was sealed with another key")
