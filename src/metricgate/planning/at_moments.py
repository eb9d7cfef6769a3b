"""Members that depend on a metric's own time, as of another moment: which they are, and how they are joined at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from metricgate.catalog.expression import Expression
from metricgate.catalog.times_within import AtMoment, Mixed, at_moment
from metricgate.planning.graph import Member
from metricgate.planning.scan_parts import Reference


def expressions_at(member: Member, time: Expression, moment: str) -> tuple[AtMoment | Mixed | None, ...]:
    """Return the member's expression, or the keys of its first join, with the column ``moment`` in the time's place.

    None stands for each that does not depend on the time.
    """
    if member.hops:
        read = member.hops[0].from_expressions
    else:
        read = (entity_expression(member) if member.dimension is None else member.dimension.expression,)
    return tuple(at_moment(each, time, moment) for each in read)


def joined_at(member: Member, at: Sequence[Reference | None], root: str) -> Member:
    """Return the member with its first join made at the moment; keys that do not depend on it are the row's own."""
    first, *rest = member.hops
    left = tuple(
        Reference(table=root, model=root, name=first.name, expression=own) if moment is None else moment
        for own, moment in zip(first.from_expressions, at, strict=True)
    )
    return replace(member, hops=(replace(first, left=left), *rest))


def entity_expression(member: Member) -> Expression:
    """Return the one column of an entity that is grouped or filtered by.

    Raises:
        ValueError: the member is no entity: a programming error.
    """
    if member.entity is None:
        raise ValueError("a member is a dimension or an entity")
    return member.entity.expressions[0]
