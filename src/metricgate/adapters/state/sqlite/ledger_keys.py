"""The log's key files: the private key (0600) and its public verifier key, made on first start."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

from metricgate.adapters.files.whole_files import write_new
from metricgate.ledger.note import NoteError, Signer, VerifierKey, parse_key

_SEED_BYTES = 32


def load_signer(private: Path, public: Path, *, name: str) -> Signer:
    """Return the signer, making both files if there is no private key.

    Args:
        private: file of the Ed25519 seed in base64, readable by its owner only.
        public: file of the verifier key's text form.
        name: the log's origin, which is its key's name.

    Raises:
        NoteError: a file is not of its form, or the public key is not the private key's.
        OSError: a file cannot be read or made.
    """
    if not private.exists():
        write_new(private, base64.b64encode(secrets.token_bytes(_SEED_BYTES)) + b"\n", 0o600)
    try:
        seed = base64.b64decode(private.read_bytes().strip(), validate=True)
    except ValueError as error:
        raise NoteError(f"{private} is not a private key") from error
    if len(seed) != _SEED_BYTES:
        raise NoteError(f"{private} is not a private key")
    signer = Signer(name, seed)
    if not public.exists():
        write_new(public, f"{signer.verifier}\n".encode(), 0o600)
    elif load_verifier(public) != signer.verifier:
        raise NoteError(f"{public} is not the public key of {private} under the name {name!r}")
    return signer


def load_verifier(public: Path) -> VerifierKey:
    """Read a verifier key's file.

    Raises:
        NoteError: it does not hold one.
        OSError: it cannot be read.
    """
    return parse_key(public.read_text(encoding="utf-8"))
