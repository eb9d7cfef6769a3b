"""Two policies -> who gains and who loses what, by resource.

Every role (``everyone`` too) is compared by all that its holder has, inherited roles included, on every pattern that a
rule of either policy names: of what lies below two patterns, the narrower tells. Parties are compared where the roles
that they hold differ. What a role has from another that has changed the same way is told there once. Labels are
compared by themselves: that a thing carries two of them is for ``policy explain``.

Names of rules, reasons, tests and the order of files are no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from metricgate.policy.names import EVERYONE
from metricgate.policy.policy import Policy
from metricgate.policy.policy_index import PolicyIndex, RoleHolders
from metricgate.vocabulary.json import Json


class Direction(StrEnum):
    """What somebody makes of a difference."""

    GAINS = "gains"
    """May do or sees more."""
    LOSES = "loses"
    """May do or sees less."""
    CHANGES = "changes"
    """Neither is more than the other, or it cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as before, for some.

    Attributes:
        kind: the name of a kind of rule, or ``role``, ``attribute``, ``owner`` or ``domain``.
        who: roles by their names, parties as ``user:ana``, targets of stops and freezes as written; sorted.
        action: for grants.
        resource: a pattern, with the condition under which the rule is in force; for roles ``role:NAME``.
        before: in words; empty where there was nothing.
        after: the same.
    """

    kind: str
    who: tuple[str, ...]
    direction: Direction
    action: str | None
    resource: str
    before: str
    after: str

    def as_json(self) -> dict[str, Json]:
        """Return all fields."""
        return {
            "kind": self.kind,
            "who": list(self.who),
            "direction": self.direction.value,
            "action": self.action,
            "resource": self.resource,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    direction: Direction
    action: str | None
    resource: str
    before: str
    after: str


_Rows = dict[str, frozenset[_Row]]


def compare(old: Policy, new: Policy) -> tuple[Difference, ...]:
    """Return every difference in what anybody may do or see: grants first, then what narrows, then who holds what."""
    sides = PolicyIndex(old), PolicyIndex(new)
    rows: _Rows = {}
    for name in sorted({*sides[0].role_names, *sides[1].role_names}):
        rows[name] = frozenset(_of_subject(sides, sides[0].of_role(name), sides[1].of_role(name)))
    told: _Rows = {name: _without_inherited(name, found, rows, sides) for name, found in rows.items()}
    for party in sorted({*sides[0].parties, *sides[1].parties}):
        before, after = sides[0].of_party(party), sides[1].of_party(party)
        if before.roles != after.roles:
            common = before.roles & after.roles
            known = frozenset().union(*(rows.get(role, frozenset()) for role in common))
            told[party] = frozenset(_of_subject(sides, before, after)) - known
    for who, key in sorted({*sides[0].halts, *sides[1].halts}):
        was, now = sides[0].halts.get((who, key), ""), sides[1].halts.get((who, key), "")
        if was != now:
            direction = Direction.LOSES if now else Direction.GAINS
            told[who] = told.get(who, frozenset()) | {_Row(key.kind, direction, None, key.text, was, now)}
    _note_differences(told, sides[0].links, sides[1].links, "role")
    _note_differences(told, sides[0].attributes, sides[1].attributes, "attribute")
    _note_differences(told, sides[0].owners, sides[1].owners, "owner")
    _note_differences(told, sides[0].domains, sides[1].domains, "domain")
    return tuple(_group_holders(told, [kind.name for policy in (old, new) for kind in policy.kinds]))


def _without_inherited(
    name: str, found: frozenset[_Row], rows: _Rows, sides: tuple[PolicyIndex, PolicyIndex]
) -> frozenset[_Row]:
    """Leave out what a role inherits, before and after: it is told there."""
    inherited = (sides[0].of_role(name).roles & sides[1].of_role(name).roles) - {name}
    if name == EVERYONE:
        return found
    return found - frozenset().union(*(rows.get(role, frozenset()) for role in inherited))


def _of_subject(sides: tuple[PolicyIndex, PolicyIndex], before: RoleHolders, after: RoleHolders) -> Iterator[_Row]:
    old, new = sides
    if before.roles == after.roles and all(old.same_as(new, role) for role in before.roles):
        return
    for action, pattern in sorted({*old.grants_of(before), *new.grants_of(after)}):
        was, now = old.right(before, action, pattern), new.right(after, action, pattern)
        if was != now:
            direction = Direction.CHANGES
            if was.rank != now.rank:
                direction = Direction.GAINS if now.rank > was.rank else Direction.LOSES
            yield _Row("grant", direction, action, pattern, was.text, now.text)
    for key in sorted({*old.narrowings_of(before), *new.narrowings_of(after)}):
        had, has = old.narrow(before, key), new.narrow(after, key)
        if had == has:
            continue
        less, more = has.at_most(had), had.at_most(has)
        direction = Direction.LOSES if less else Direction.CHANGES
        direction = Direction.GAINS if more and not less else direction
        yield _Row(key.kind, direction, None, key.text, had.text, has.text)


def _note_differences(
    told: _Rows, old: Mapping[tuple[str, str], str], new: Mapping[tuple[str, str], str], kind: str
) -> None:
    """Add what is told by name: (who, what) -> in words."""
    for who, what in sorted({*old, *new}):
        before, after = old.get((who, what), ""), new.get((who, what), "")
        if before == after:
            continue
        direction = Direction.CHANGES
        if kind == "role":
            direction = Direction.GAINS if after else Direction.LOSES
        row = _Row(kind, direction, None, f"{kind}:{what}", before, after)
        told[who] = told.get(who, frozenset()) | {row}


_BY_NAME = ("role", "attribute", "owner", "domain")


def _group_holders(told: _Rows, kinds: Sequence[str]) -> Iterator[Difference]:
    """Name together those for whom the same differs; in the order of the kinds, then what is told by name."""
    order = {kind: number for number, kind in enumerate(dict.fromkeys((*kinds, *_BY_NAME)))}
    who: dict[_Row, list[str]] = {}
    for name, rows in told.items():
        for row in rows:
            who.setdefault(row, []).append(name)
    for row in sorted(
        who, key=lambda each: (order[each.kind], each.resource, each.action or "", who[each], each.before, each.after)
    ):
        yield Difference(
            kind=row.kind,
            who=tuple(sorted(who[row])),
            direction=row.direction,
            action=row.action,
            resource=row.resource,
            before=row.before,
            after=row.after,
        )
