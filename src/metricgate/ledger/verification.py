"""Verification: what is wrong with a record, and where, from its entries, bodies, seals and checkpoints alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from metricgate.ledger import entry
from metricgate.ledger.entry import Body, commitment
from metricgate.ledger.events import names
from metricgate.ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from metricgate.ledger.note import Checkpoint, VerifierKey
from metricgate.vocabulary.json import Json


class FindingKind(StrEnum):
    """The closed set of what can be wrong, gravest first."""

    UNREADABLE = "unreadable"
    TAIL_MISSING = "tail_missing"
    HISTORY_CHANGED = "history_changed"
    ENTRY_CHANGED = "entry_changed"
    ENTRIES_REORDERED = "entries_reordered"
    ENTRY_MISSING = "entry_missing"
    SIGNATURE_BAD = "signature_bad"
    CHECKPOINT_MISSING = "checkpoint_missing"
    BODY_CHANGED = "body_changed"
    BODY_MISSING = "body_missing"
    FILE_DAMAGED = "file_damaged"
    WRITE_AHEAD_DAMAGED = "write_ahead_damaged"
    WRITE_TORN = "write_torn"
    INTENT_OPEN = "intent_open"

    @property
    def exit_code(self) -> int:
        """The exit status of a verification whose gravest finding this is: 10 and up, one for each kind."""
        return 10 + list(FindingKind).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: its kind, the entry or page where, and a sentence for people."""

    kind: FindingKind
    message: str
    index: int | None = None
    page: int | None = None

    def as_json(self) -> dict[str, Json]:
        """Return ``{kind, message, index?, page?}``."""
        out: dict[str, Json] = {"kind": str(self.kind), "message": self.message}
        if self.index is not None:
            out["index"] = self.index
        if self.page is not None:
            out["page"] = self.page
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored entry as found: its position, the leaf's bytes and the hash kept beside it."""

    index: int
    leaf: bytes
    hashed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSeal:
    """A kept intermediate checkpoint: the hash of the block that ends at ``checkpoint.size``, and a signature."""

    checkpoint: Checkpoint
    block: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a verification.

    Attributes:
        findings: empty if nothing is wrong.
        size: entries that were read.
        root: their root hash.
        erased: bodies that were erased, with a record of it.
        versions: SQLite versions that the log says it was written with.
    """

    findings: tuple[Finding, ...]
    size: int
    root: bytes
    erased: int = 0
    versions: frozenset[str] = frozenset()

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, else that of the gravest finding."""
        return min((finding.kind.exit_code for finding in self.findings), default=0)


class RecordVerifier:
    """Takes entries in stored order, then bodies, then judges against checkpoints."""

    def __init__(self, key: VerifierKey, *, block: int, wanted: Iterable[int] = ()) -> None:
        self._key = key
        self._block = block
        self._wanted = set(wanted)
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._blocks: dict[int, bytes] = {}
        self._tree, self._part = Frontier(), Frontier()
        self._commitments: dict[int, dict[str, str]] = {}
        self._redacted: set[tuple[int, str]] = set()
        self._intents: set[int] = set()
        self._settled: set[int] = set()
        self._versions: set[str] = set()
        self.findings: list[Finding] = []

    def find(self, kind: FindingKind, message: str, *, index: int | None = None, page: int | None = None) -> None:
        """Add a finding."""
        self.findings.append(Finding(kind=kind, message=message, index=index, page=page))

    def entries(self, stored: Iterable[Stored]) -> None:
        """Take every entry, in the order of their positions."""
        expected = 0
        for each in stored:
            if each.index != expected:
                self.find(
                    FindingKind.ENTRY_MISSING, f"after entry {expected - 1} comes entry {each.index}", index=expected
                )
                expected = each.index
            self._entry(each)
            expected += 1

    def _entry(self, each: Stored) -> None:
        hashed = leaf_hash(each.leaf)
        if hashed != each.hashed:
            self.find(
                FindingKind.ENTRY_CHANGED,
                f"entry {each.index} is not what was hashed when it was written",
                index=each.index,
            )
        self._tree.append(hashed)
        self._part.append(hashed)
        size = self._tree.size
        if self._part.size == self._block:
            self._blocks[size], self._roots[size] = self._part.root(), self._tree.root()
            self._part = Frontier()
        elif size in self._wanted:
            self._roots[size] = self._tree.root()
        try:
            record = orjson.loads(each.leaf)
        except orjson.JSONDecodeError:
            record = None
        if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
            self.find(FindingKind.ENTRY_CHANGED, f"entry {each.index} is not an entry's JSON", index=each.index)
            return
        if record.get("schema") == entry.SCHEMA and len(each.leaf) > entry.MOST_LEAF:
            message = f"entry {each.index} is longer than its form allows"
            self.find(FindingKind.ENTRY_CHANGED, message, index=each.index)
        if record.get("index") != each.index:
            self.find(
                FindingKind.ENTRIES_REORDERED,
                f"at position {each.index} stands the entry that was written as {record.get('index')}",
                index=each.index,
            )
        self._meaning(each.index, record)

    def _meaning(self, index: int, record: Mapping[str, Json]) -> None:
        commitments = record.get("commitments")
        if isinstance(commitments, dict):
            self._commitments[index] = commitments
        event, fields = record.get("event_name"), record["fields"]
        if event == names.CALL_RELEASED:
            self._intents.add(index)
        self._settled.update(entry.settles(record))
        if not isinstance(fields, dict):
            return
        if event == names.LOG_OPENED:
            self._versions.add(str(fields.get(names.SQLITE_VERSION)))
        bodies = fields.get(names.REDACTED_BODIES) if event == names.REDACTION_PERFORMED else None
        if isinstance(bodies, list):
            self._redacted.update(_erased_bodies(bodies))

    def bodies(self, found: Iterable[tuple[int, int, Body]]) -> int:
        """Check every body (entry index, position, body) against its commitment; return how many are erased."""
        erased, of, numbers = 0, -1, dict[str, int]()
        for index, position, body in found:
            names = self._commitments.get(index, {})
            if index != of:
                of, numbers = index, {name: number for number, name in enumerate(sorted(names))}
            stated = names.pop(body.name, None)
            if stated is None:
                self.find(FindingKind.BODY_CHANGED, f"entry {index} has no body {body.name!r}", index=index)
            elif position != numbers[body.name]:
                message = f"body {body.name!r} of entry {index} stands at number {position} instead of its own"
                self.find(FindingKind.BODY_CHANGED, message, index=index)
            elif body.erased:
                erased += 1
                if (index, body.name) not in self._redacted:
                    message = f"body {body.name!r} of entry {index} was erased without a record of it"
                    self.find(FindingKind.BODY_MISSING, message, index=index)
            elif commitment(body) != stated:
                message = f"body {body.name!r} of entry {index} (number {position}) is not what was committed to"
                self.find(FindingKind.BODY_CHANGED, message, index=index)
        for index, names in self._commitments.items():
            for name in names:
                self.find(FindingKind.BODY_MISSING, f"body {name!r} of entry {index} is gone", index=index)
        return erased

    def judge(
        self,
        *,
        seals: Sequence[BlockSeal],
        head: tuple[Checkpoint, bytes] | None,
        earlier: Checkpoint | None,
        erased: int,
    ) -> Report:
        """Compare with the signed checkpoints and return everything that was found."""
        good = self._seals(seals)
        self._head(head, good)
        if earlier is not None:
            self._earlier(earlier)
        for index in sorted(self._intents - self._settled):
            self.find(FindingKind.INTENT_OPEN, f"entry {index} was released and has no outcome", index=index)
        return Report(
            findings=tuple(self.findings),
            size=self._tree.size,
            root=self._tree.root(),
            erased=erased,
            versions=frozenset(self._versions),
        )

    def _seals(self, seals: Sequence[BlockSeal]) -> int:
        """Check the seals; return the size up to which they confirm the entries."""
        good, missing = 0, set(self._blocks)
        for seal in seals:
            size = seal.checkpoint.size
            missing.discard(size)
            if not self._key.valid(seal.checkpoint, seal.signature):
                self.find(FindingKind.SIGNATURE_BAD, f"the seal at {size} entries is not signed by the log's key")
            elif size > self._tree.size:
                self._short(size)
            elif seal.checkpoint.root != self._roots.get(size):
                self._differs(good, size)
                continue
            else:
                good = size
            if size in self._blocks and seal.block != self._blocks[size]:
                self.find(FindingKind.CHECKPOINT_MISSING, f"the seal at {size} entries does not hold its block's hash")
        for size in sorted(missing):
            self.find(FindingKind.CHECKPOINT_MISSING, f"there is no seal at {size} entries")
        return good

    def _head(self, head: tuple[Checkpoint, bytes] | None, good: int) -> None:
        if head is None:
            if self._tree.size:
                self.find(FindingKind.CHECKPOINT_MISSING, "there is no newest checkpoint")
            return
        checkpoint, signature = head
        if not self._key.valid(checkpoint, signature):
            self.find(FindingKind.SIGNATURE_BAD, "the newest checkpoint is not signed by the log's key")
        elif checkpoint.size > self._tree.size:
            self._short(checkpoint.size)
        elif checkpoint.size < self._tree.size:
            message = f"entries from {checkpoint.size} on stand under no signed checkpoint"
            self.find(FindingKind.CHECKPOINT_MISSING, message, index=checkpoint.size)
        elif checkpoint.root != self._tree.root():
            self._differs(good, checkpoint.size)

    def _earlier(self, earlier: Checkpoint) -> None:
        if earlier.size > self._tree.size:
            self._short(earlier.size)
        elif self._roots.get(earlier.size, self._tree.root()) != earlier.root:
            self._differs(0, earlier.size)

    def _short(self, size: int) -> None:
        message = f"a signed checkpoint speaks of {size} entries, but there are {self._tree.size}: the tail is missing"
        self.find(FindingKind.TAIL_MISSING, message, index=self._tree.size)

    def _differs(self, good: int, size: int) -> None:
        message = f"entries {good} to {size - 1} are not those that were signed: one or more were changed"
        self.find(FindingKind.HISTORY_CHANGED, message, index=good)


def _erased_bodies(parts: Sequence[Json]) -> Iterator[tuple[int, str]]:
    """What a record of erasure names: entry index and body name."""
    for part in parts:
        index, names = (part.get("index"), part.get("names")) if isinstance(part, Mapping) else (None, None)
        if isinstance(index, int) and isinstance(names, list):
            yield from ((index, str(name)) for name in names)
