"""Signed checkpoints: C2SP signed-note and tlog-checkpoint, with Ed25519.

A note is text that ends in a line feed, an empty line, and signature lines ``— <name> <base64(key id || signature)>``.
A checkpoint's text is three lines: origin, tree size in decimal, root hash in base64. The key id is the first four
bytes of ``SHA-256(name || 0x0A || 0x01 || public key)``; a verifier key is written
``name+hex(key id)+base64(0x01 || key)``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_KEY_BYTES = 32
_ID_BYTES = 4
_MOST_SIGNATURES = 16
_CHECKPOINT_LINES = 3


class NoteError(ValueError):
    """A text is not a note, a checkpoint or a key of the expected form, or its signature is not right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log says of itself: its first ``size`` entries have this root hash."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed (C2SP tlog-checkpoint): origin, size in decimal, root in base64, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A log's public key under its name."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that point from a signature to its key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def valid(self, checkpoint: Checkpoint, signature: bytes) -> bool:
        """Return whether ``signature`` (64 bytes) is this key's over ``checkpoint``."""
        return self._valid(checkpoint.text, signature)

    def _valid(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True

    def note(self, checkpoint: Checkpoint, signature: bytes) -> str:
        """Return the signed note of a checkpoint and its 64-byte signature."""
        line = base64.b64encode(self.key_id + signature).decode()
        return f"{checkpoint.text}\n{_DASH}{self.name} {line}\n"


class Signer:
    """A log's private key under its name."""

    def __init__(self, name: str, private: bytes) -> None:
        check_name(name)
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.verifier = VerifierKey(name=name, public=self._key.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the 64-byte signature."""
        return self._key.sign(checkpoint.text.encode())


def check_name(name: str) -> None:
    """Raise ``NoteError`` unless ``name`` may name a key: not empty, no white space, no plus sign."""
    if not name or "+" in name or any(letter.isspace() or not letter.isprintable() for letter in name):
        raise NoteError(f"a key name must be printable, without spaces and plus signs: {name!r}")


def parse_key(text: str) -> VerifierKey:
    """Read a verifier key's text form.

    Raises:
        NoteError: it is not one, or its key id does not fit.
    """
    name, _, rest = text.strip().partition("+")
    hex_id, _, encoded = rest.partition("+")
    check_name(name)
    data = _decode_base64(encoded, "the verifier key")
    if len(data) != 1 + _KEY_BYTES or data[:1] != _ED25519:
        raise NoteError("the verifier key is not an Ed25519 key")
    key = VerifierKey(name=name, public=data[1:])
    if hex_id != key.key_id.hex():
        raise NoteError("the verifier key's id does not fit its name and key; was it cut or edited?")
    return key


def open_note(note: str, key: VerifierKey) -> str:
    """Return the signed text of a note that carries ``key``'s signature; other signatures are passed over.

    Raises:
        NoteError: malformed, unsigned by ``key``, or wrongly signed.
    """
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or any(ord(letter) < 32 and letter != "\n" for letter in note):  # noqa: PLR2004 - control characters
        raise NoteError("not a signed note: the text, an empty line and signature lines are expected")
    text += "\n"
    found = False
    signatures = lines[:-1].split("\n")
    if len(signatures) > _MOST_SIGNATURES:
        raise NoteError(f"a note with more than {_MOST_SIGNATURES} signatures is not read")
    for line in signatures:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not name or not encoded:
            raise NoteError(f"not a signature line: {line!r}")
        data = _decode_base64(encoded, "a signature line")
        if len(data) <= _ID_BYTES:
            raise NoteError("a signature line is too short")
        if name != key.name or data[:_ID_BYTES] != key.key_id:
            continue
        if not key._valid(text, data[_ID_BYTES:]):  # noqa: SLF001 - same module
            raise NoteError(f"the signature of {name} is not right")
        found = True
    if not found:
        raise NoteError(f"no signature of {key.name} (key {key.key_id.hex()})")
    return text


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint of a note signed by ``key``; its origin must be the key's name.

    Raises:
        NoteError: as ``open_note``, or the text is not a checkpoint of this log.
    """
    lines = open_note(note, key).split("\n")
    if len(lines) < _CHECKPOINT_LINES + 1:
        raise NoteError("the note is not a checkpoint")
    origin, size, root = lines[:3]
    if origin != key.name:
        raise NoteError(f"the checkpoint is of {origin!r}, not of {key.name!r}")
    if not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise NoteError("the checkpoint's size is not a decimal number")
    hashed = _decode_base64(root, "the checkpoint's root")
    if len(hashed) != hashlib.sha256().digest_size:
        raise NoteError("the checkpoint's root is not a SHA-256 hash")
    return Checkpoint(origin=origin, size=int(size), root=hashed)


def _decode_base64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteError(f"{what} is not canonical base64")
    return data
