"""The group-bys of one question, and the keys that they are in each scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.scan_binder import Binder
from metricgate.planning.scan_parts import ScanKey
from metricgate.planning.time_spec import TimeSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedGroupBy:
    """A group-by of the question: member and form."""

    member: str
    form: TimeSpec

    @property
    def name(self) -> str:
        """The column's name in the answer."""
        return self.member + self.form.suffix


class GroupBys:
    """What is grouped by, in the question's order. A time without a form gets its own grain once a model tells it."""

    def __init__(self, asked: Iterable[RequestedGroupBy]) -> None:
        self._asked = list(asked)

    @property
    def asked(self) -> tuple[RequestedGroupBy, ...]:
        """The group-bys, with the forms known so far."""
        return tuple(self._asked)

    @property
    def names(self) -> list[str]:
        """The columns' names in the answer."""
        return [each.name for each in self._asked]

    def keys(self, binder: Binder, time: str | None) -> tuple[ScanKey, ...]:
        """Return the group-bys bound to a scan; those that cannot be are left out, their problems noted.

        Effects: fills in the own grain of times that are asked without a form, for this scan and those after it;
        notes the members used, and the paths to them, in ``binder``.
        """
        keys: list[ScanKey] = []
        for position, given in enumerate(self._asked):
            asked, place = given, f"group_by[{position}]"
            found = binder.member(asked.member, place, time)
            if found is None:
                continue
            member, dimension = found
            if asked.form.plain and dimension is not None and dimension.granularity is not None:
                asked = self._asked[position] = replace(asked, form=TimeSpec(grain=dimension.granularity))
            reference = binder.refer(asked.member, member, asked.form, place)
            if reference is None:
                continue
            binder.used[reference.model, reference.name] = None
            if asked.member != METRIC_TIME:
                binder.paths[asked.member] = member.hops
            keys.append(ScanKey(name=asked.name, reference=reference))
        return tuple(keys)
