"""Receipts: proof that an entry is in the log, checkable offline with nothing but the log's public key."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from metricgate.ledger.merkle import leaf_hash, verify_inclusion
from metricgate.ledger.note import NoteError, VerifierKey, open_checkpoint
from metricgate.vocabulary.json import Json

HEADER = "c2sp.org/tlog-proof@v1"
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An entry's exact bytes, its inclusion proof and the signed checkpoint that the proof leads to.

    Attributes:
        path: sibling hashes, nearest first.
        checkpoint: a signed note.
        public_key: the log's verifier key in text form; a convenience: check against the key *you* hold.
    """

    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    checkpoint: str
    public_key: str

    @property
    def agent(self) -> str | None:
        """The agent that the entry is about."""
        fields = orjson.loads(self.leaf).get("fields", {})
        agent = fields.get("gen_ai.agent.id")
        return agent if isinstance(agent, str) else None

    def as_json(self) -> dict[str, Json]:
        """Return ``{index, leaf, leaf_hash, proof, checkpoint, public_key}``; the leaf as text, the proof in base64."""
        return {
            "index": self.index,
            "leaf": self.leaf.decode(),
            "leaf_hash": leaf_hash(self.leaf).hex(),
            "proof": [base64.b64encode(hashed).decode() for hashed in self.path],
            "checkpoint": self.checkpoint,
            "public_key": self.public_key,
        }

    def as_text(self) -> str:
        """Return the C2SP tlog-proof form; the leaf travels in its ``extra`` line."""
        lines = [HEADER, f"extra {base64.b64encode(self.leaf).decode()}", f"index {self.index}"]
        lines += [base64.b64encode(hashed).decode() for hashed in self.path]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def verify_receipt(receipt: Receipt, key: VerifierKey) -> None:
    """Check a receipt against the key you hold.

    Raises:
        NoteError: the checkpoint is not this log's, or the proof does not lead from the leaf to its root.
    """
    checkpoint = open_checkpoint(receipt.checkpoint, key)
    proven = verify_inclusion(
        index=receipt.index,
        size=checkpoint.size,
        hashed=leaf_hash(receipt.leaf),
        path=receipt.path,
        root=checkpoint.root,
    )
    if not proven:
        raise NoteError(f"the proof does not lead from entry {receipt.index} to the checkpoint's root")


def receipt_from_json(data: Mapping[str, Json]) -> Receipt:
    """Read the JSON form; further keys are passed over.

    Raises:
        NoteError: a part is missing or of the wrong form.
    """
    index, leaf, proof, note = (data.get(name) for name in ("index", "leaf", "proof", "checkpoint"))
    if type(index) is not int or not isinstance(leaf, str) or not isinstance(note, str):
        raise NoteError("a receipt has an index, a leaf and a checkpoint")
    if not isinstance(proof, list):
        raise NoteError("a receipt's proof is a list")
    hashes = [_decode_hash(part) for part in proof]
    stated = data.get("leaf_hash")
    if stated is not None and stated != leaf_hash(_encode_leaf(leaf)).hex():
        raise NoteError("the receipt's leaf hash is not its leaf's")
    key = data.get("public_key")
    return Receipt(
        index=index,
        leaf=_encode_leaf(leaf),
        path=tuple(hashes),
        checkpoint=note,
        public_key=key if isinstance(key, str) else "",
    )


def receipt_from_text(text: str) -> Receipt:
    """Read the C2SP tlog-proof form with the leaf in its ``extra`` line.

    Raises:
        NoteError: it is not of that form.
    """
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < 3 or lines[0] != HEADER:  # noqa: PLR2004 - header, extra, index
        raise NoteError(f"a receipt starts with {HEADER}")
    extra, index = lines[1].removeprefix("extra "), lines[2].removeprefix("index ")
    if extra == lines[1] or not index.isascii() or not index.isdigit():
        raise NoteError("a receipt has an extra line with the leaf and an index line")
    try:
        leaf = base64.b64decode(extra, validate=True)
    except ValueError as error:
        raise NoteError("the receipt's leaf is not base64") from error
    if base64.b64encode(leaf).decode() != extra or str(int(index)) != index:
        raise NoteError("the receipt's leaf or index is not written in the one way that there is")
    path = tuple(_decode_hash(line) for line in lines[3:])
    return Receipt(index=int(index), leaf=leaf, path=path, checkpoint=note, public_key="")


def _encode_leaf(leaf: str) -> bytes:
    try:
        return leaf.encode()
    except UnicodeEncodeError as error:
        raise NoteError("the receipt's leaf is not UTF-8") from error


def _decode_hash(part: Json) -> bytes:
    try:
        data = base64.b64decode(part, validate=True) if isinstance(part, str) else b""
    except ValueError as error:
        raise NoteError("a hash of the proof is not base64") from error
    if len(data) != _HASH_BYTES or base64.b64encode(data).decode() != part:
        raise NoteError("a hash of the proof is not 32 bytes of base64")
    return data
