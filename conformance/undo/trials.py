"""Random trials: a change, perhaps another one behind it, and the first one taken back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from conformance.undo.model import Layout, Replay, State
from metricgate.changing.change import Row, RowChangeKind, RowTarget, TableChange, Value
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.undo import reaching_further, taking_back
from metricgate.gateway.changes.ports import ChangeFailed, ReleasedChange, WritableWarehouse
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary.resource import Action

COLUMNS = {
    "parent": ("a", "b", "name", "amount", "seen", "doc", "note"),
    "kid": ("id", "pa", "pb", "worth"),
    "loose": ("id", "pa", "pb", "worth"),
}
KEYS = {"parent": ("a", "b"), "kid": ("id",), "loose": ("id",)}
_CONFLICTS = frozenset({"E_ROWS_CHANGED"})
_ALLOWED = Verdict(
    action=Action.EXECUTE,
    decision=Decision.ALLOW,
    reasons=(
        VerdictReason(rule="trial", party="agent:trial", resource=None, decision=Decision.ALLOW, message="A trial."),
    ),
    policy_digest="sha256:trial",
)


@dataclass
class Place:
    """An engine's tables: where they are, and how they are read by another road than the one under test."""

    engine: str
    schema: tuple[str, ...]
    layout: Layout
    warehouse: WritableWarehouse
    dump: Callable[[], Awaitable[State]]


@dataclass
class Tally:
    """What came of the trials."""

    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Trials:
    """A walk of random changes over one place."""

    def __init__(self, place: Place, seed: int) -> None:
        self._place = place
        self._random = random.Random(seed)  # noqa: S311 - trials, not secrets
        self._replay = Replay(place.layout, {table: {} for table in COLUMNS})
        self._number = 0
        self.tally = Tally()

    async def run(self, count: int, told: Callable[[int], None] = lambda _done: None) -> Tally:
        """Make so many trials."""
        for done in range(count):
            await self._fill()
            await self._trial(done)
            told(done + 1)
        return self.tally

    async def _fill(self) -> None:
        """Keep some rows in every table."""
        for table in COLUMNS:
            missing = 6 - len(self._replay.state[table])
            if missing > 0:
                await self._did([self._insert(table, missing)])

    async def _trial(self, number: int) -> None:
        changes = self._changes()
        done = await self._did(changes)
        if done is None:
            self.tally.kinds["change refused"] += 1
            return
        effect, told = done
        if self._random.random() < 0.5:
            await self._did(self._changes())
        before, wanted = self._replay.copy(), self._replay.taken_back(told)
        code = await self._undo(effect)
        found = await self._place.dump()
        if code is None:
            if wanted is None:
                self._wrong(number, "taken back although rows were changed meanwhile")
            elif found != wanted.state:
                self._wrong(number, f"taken back to another state: {_difference(found, wanted.state)}")
            self.tally.kinds["taken back"] += 1
        else:
            if found != before.state:
                self._wrong(number, f"refused with {code} and not left alone: {_difference(found, before.state)}")
            kind = "refused, as it should be" if wanted is None else f"refused by {code}"
            self.tally.kinds[kind] += 1
        self._replay.state = found

    async def _did(self, changes: Sequence[TableChange]) -> tuple[ChangeEffect, list] | None:
        """Carry changes out on the engine and on the replay; None where the engine refused."""
        try:
            effect = await self._apply(changes)
        except ChangeFailed as error:
            if error.code == "E_WAREHOUSE_FAILED":
                self._wrong(0, f"the engine failed: {error.engine_text[:200]}")
            return None
        told = self._replay.do(changes)
        found = await self._place.dump()
        if found != self._replay.state:
            self._wrong(0, f"another state after the change: {_difference(found, self._replay.state)}")
            self._replay.state = found
        if effect.rows != len(told):
            self._wrong(0, f"the effect tells of {effect.rows} rows, {len(told)} changed")
        return effect, told

    async def _undo(self, effect: ChangeEffect) -> str | None:
        """Take an effect back; returns the code of a refusal."""
        shapes = await self._place.warehouse.shapes([each.table for each in effect.tables])
        try:
            await self._apply(taking_back(effect, shapes), undo=effect)
        except ChangeFailed as error:
            return error.code
        return None

    async def _apply(self, changes: Sequence[TableChange], *, undo: ChangeEffect | None = None) -> ChangeEffect:
        self._number += 1
        rehearsal = await self._place.warehouse.rehearse_changes(changes, most_rows=10_000, seconds=30)
        if undo is not None and reaching_further(rehearsal.effect, undo):
            raise ChangeFailed("E_ROWS_CHANGED", "somebody refers to what would be taken back")
        released = ReleasedChange(
            action_id=f"trial-{id(self)}-{self._number}",
            plan=None,
            changes=rehearsal.changes,
            expected_digest=rehearsal.effect.digest,
            most_rows=10_000,
            seconds=30,
            verdict=_ALLOWED,
            intent=AppendReceipt(index=0, leaf_hash=""),
        )
        return await self._place.warehouse.apply(released, lambda _effect: None)

    def _wrong(self, number: int, what: str) -> None:
        self.tally.wrong.append(f"{self._place.engine}, trial {number}: {what}")

    def _changes(self) -> list[TableChange]:
        """One change, or several of one table, as a MERGE makes them."""
        table = self._random.choice(list(COLUMNS))
        kinds = self._random.choice(
            [
                [RowChangeKind.INSERT],
                [RowChangeKind.UPDATE],
                [RowChangeKind.DELETE],
                [RowChangeKind.UPDATE, RowChangeKind.INSERT],
            ]
        )
        keys = list(self._replay.state[table])
        self._random.shuffle(keys)
        found = []
        for kind in kinds:
            if kind is RowChangeKind.INSERT:
                found.append(self._insert(table, self._random.randint(1, 3)))
                continue
            chosen = [keys.pop() for _ in range(min(len(keys), self._random.randint(1, 3)))]
            if chosen:
                found.append(
                    self._update(table, chosen) if kind is RowChangeKind.UPDATE else self._delete(table, chosen)
                )
        return found or [self._insert(table, 1)]

    def _insert(self, table: str, count: int) -> TableChange:
        rows: dict[Row, Row] = {}
        while len(rows) < count:
            row = self._row(table)
            key = tuple(row[COLUMNS[table].index(name)] for name in KEYS[table])
            if key not in self._replay.state[table]:
                rows[key] = row
        return TableChange(
            kind=RowChangeKind.INSERT,
            table=(*self._place.schema, table),
            columns=COLUMNS[table],
            rows=tuple(RowTarget(values=row) for row in rows.values()),
        )

    def _update(self, table: str, keys: Sequence[Row]) -> TableChange:
        free = [name for name in COLUMNS[table] if name not in KEYS[table] and name not in {"pa", "pb"}]
        columns = tuple(self._random.sample(free, self._random.randint(1, len(free))))
        rows = tuple(RowTarget(key=key, values=tuple(self._value(name) for name in columns)) for key in keys)
        return TableChange(
            kind=RowChangeKind.UPDATE,
            table=(*self._place.schema, table),
            key=KEYS[table],
            columns=columns,
            rows=rows,
        )

    def _delete(self, table: str, keys: Sequence[Row]) -> TableChange:
        return TableChange(
            kind=RowChangeKind.DELETE,
            table=(*self._place.schema, table),
            key=KEYS[table],
            rows=tuple(RowTarget(key=key) for key in keys),
        )

    def _row(self, table: str) -> Row:
        """A row; most children refer to a parent that is there."""
        row = {name: self._value(name) for name in COLUMNS[table]}
        parents = list(self._replay.state["parent"])
        if table != "parent" and parents and self._random.random() < 0.8:
            row["pa"], row["pb"] = self._random.choice(parents)
        return tuple(row.values())

    def _value(self, name: str) -> Value:
        """A value in the form in which every engine writes it as text."""
        dice = self._random
        if name in {"pa", "pb"}:
            return None
        if name == "id":
            return str(dice.randint(1, 10**6))
        if name == "a":
            return str(dice.randint(-5, 5))
        if name == "b":
            return dice.choice(["x", "y'", 'z"', "ä", "\\", "%s"]) + str(dice.randint(0, 99))
        if dice.random() < 0.2:
            return None
        return {
            "name": lambda: f"n{dice.randint(0, 400)}",
            "amount": lambda: f"{dice.randint(-999, 999)}.{dice.randint(10, 99)}",
            "worth": lambda: f"{dice.randint(-999, 999)}.{dice.randint(10, 99)}",
            "seen": lambda: f"2024-0{dice.randint(1, 9)}-1{dice.randint(0, 9)} 11:22:33.{dice.randint(1, 9):06d}",
            "doc": lambda: f'{{"k": {dice.randint(0, 9)}, "t": "q\\"{dice.randint(0, 9)}"}}',
            "note": lambda: dice.choice(["", "short", "'; DROP TABLE parent; --", "long " * 900, "ünï\n\tcode ☃"]),
        }[name]()


def _difference(found: State, wanted: State) -> str:
    for table, rows in wanted.items():
        for key in {**rows, **found[table]}:
            one, other = found[table].get(key), rows.get(key)
            if one != other:
                return f"{table} {key}: {str(one)[:200]} instead of {str(other)[:200]}"
    return "nothing"
