"""Whether a receipt, as text in any of its forms, is whole under a key; and what that does not say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from metricgate.ledger import entry
from metricgate.ledger.note import Checkpoint, NoteError, VerifierKey, open_checkpoint
from metricgate.ledger.receipt import HEADER, Receipt, receipt_from_json, receipt_from_text, verify_receipt
from metricgate.vocabulary.json import Json

UNCHECKED: Sequence[str] = (
    "that the key is the log's: you vouch for it, so take it from a place that you trust, never from the receipt",
    "that others are shown the same log: compare the checkpoint with theirs, or with one kept elsewhere",
    "that what the entry says is true, and its time right: it is the gateway's word, signed",
    "what stands apart from the entry (texts, values, who it was): the entry only commits to it, and it may be erased",
    "what happened before or after it: an outcome has an entry and a receipt of its own",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReceipt:
    """What was found.

    Attributes:
        faults: sentences; empty where the receipt is whole.
        receipt: None where the text is none.
        checkpoint: under which the entry stands, where its signature is right.
        event: of the entry, where it could be read.
        time: of the entry, ISO 8601 in UTC, likewise.
    """

    faults: tuple[str, ...]
    receipt: Receipt | None = None
    checkpoint: Checkpoint | None = None
    event: str | None = None
    time: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return ``{whole, faults, index, event, time, size, root, not_checked}``."""
        return {
            "whole": not self.faults,
            "faults": list(self.faults),
            "index": None if self.receipt is None else self.receipt.index,
            "event": self.event,
            "time": self.time,
            "size": None if self.checkpoint is None else self.checkpoint.size,
            "root": None if self.checkpoint is None else self.checkpoint.root.hex(),
            "not_checked": list(UNCHECKED),
        }


def check_receipt(text: str, key: VerifierKey) -> CheckedReceipt:
    """Check a receipt's text: the JSON form, also as an answer wraps it, or the C2SP tlog-proof form."""
    try:
        receipt = _read_receipt(text)
    except NoteError as error:
        return CheckedReceipt(faults=(f"This is no receipt: {error}.",))
    faults: list[str] = []
    checkpoint = None
    try:
        checkpoint = open_checkpoint(receipt.checkpoint, key)
        verify_receipt(receipt, key)
    except NoteError as error:
        faults.append(f"{error}.")
    if receipt.public_key and receipt.public_key != str(key):
        faults.append("The receipt names another key than the one you gave.")
    record = _record_in(receipt.leaf)
    faults += _entry_faults(receipt, record)
    return CheckedReceipt(
        faults=tuple(faults), receipt=receipt, checkpoint=checkpoint, event=_event(record), time=_time_of(record)
    )


def _read_receipt(text: str) -> Receipt:
    if text.startswith(HEADER):
        return receipt_from_text(text)
    try:
        data = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise NoteError(f"it is neither JSON nor a {HEADER}: {error}") from error
    for wrapped in ("answer", "receipt"):
        inner = data.get(wrapped) if isinstance(data, dict) else None
        data = inner if isinstance(inner, dict) else data
    if not isinstance(data, dict):
        raise NoteError("it is JSON, and no object")
    return receipt_from_json(data)


def _each_once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _record_in(leaf: bytes) -> Mapping[str, Json] | None:
    try:
        record = json.loads(leaf)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _entry_faults(receipt: Receipt, record: Mapping[str, Json] | None) -> list[str]:
    if record is None:
        return ["What it proves is no entry of a record: it is not a JSON object."]
    faults = []
    if record.get("index") != receipt.index:
        faults.append(f"The entry says that it is number {record.get('index')}, the receipt {receipt.index}.")
    if record.get("schema") not in entry.SCHEMAS:
        faults.append(f"The entry's form {str(record.get('schema'))[:80]!r} is not known.")
    return faults


def _event(record: Mapping[str, Json] | None) -> str | None:
    return None if record is None else str(record.get("event_name"))


def _time_of(record: Mapping[str, Json] | None) -> str | None:
    nano = None if record is None else record.get("time_unix_nano")
    if not isinstance(nano, str) or not nano.isascii() or not nano.isdigit() or len(nano) > len(str(2**63)):
        return None
    return datetime.fromtimestamp(int(nano) // 1_000_000 / 1_000, UTC).isoformat(timespec="milliseconds")
