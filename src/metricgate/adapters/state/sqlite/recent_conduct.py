"""What the record says of the running day, and of pauses that still last: so that a restart gives nothing back."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.ledger.events import names
from metricgate.state.pauses import Pause
from metricgate.state.record import Recorded, RecordReader
from metricgate.vocabulary.clock import Clock

_NANO = 1_000_000_000
_DAY_NANO = 86_400 * _NANO
_ENDED = frozenset({names.CALL_COMPLETED, names.CALL_REFUSED, names.CALL_FAILED})


@dataclass(slots=True)
class RecentConduct:
    """What agents and users did lately.

    Attributes:
        used_today: ``agent:<id>`` and ``user:<id>`` -> (calls, rows) since midnight, UTC; erased users have nothing.
        pauses: agent -> its newest pause that is not over.
    """

    used_today: dict[str, tuple[int, int]] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)

    def add_call(self, call: Recorded) -> None:
        """Count a call that ended, for its agent and its user."""
        rows = call.fields.get(names.EFFECT_ROWS)
        for kind, name in (("agent", call.text(names.AGENT_ID)), ("user", call.text(names.USER_ID))):
            if name is not None:
                calls, before = self.used_today.get(f"{kind}:{name}", (0, 0))
                self.used_today[f"{kind}:{name}"] = (calls + 1, before + (rows if isinstance(rows, int) else 0))

    def add_pause(self, begun: Recorded, seconds: float, now: float) -> None:
        """Take a pause of so many ``seconds``, unless it is over ``now`` or a newer one is known."""
        agent, refusals = begun.text(names.AGENT_ID), begun.fields.get(names.REFUSALS)
        until = begun.time_unix_nano / _NANO + seconds
        if agent is not None and isinstance(refusals, int) and now < until:
            self.pauses.setdefault(agent, Pause(agent=agent, refusals=refusals, until=until))


def read_recent_conduct(reader: RecordReader, clock: Clock, pause_seconds: float) -> RecentConduct:
    """Read the record back to midnight, or as far as a pause lasts.

    Raises:
        LedgerUnavailable: the record cannot be read.
    """
    now = clock.unix_nano()
    midnight = now // _DAY_NANO * _DAY_NANO
    found = RecentConduct()
    for each in reader.entries():
        if each.time_unix_nano < min(midnight, now - int(pause_seconds * _NANO)):
            break
        if each.event in _ENDED and each.time_unix_nano >= midnight:
            found.add_call(each)
        elif each.event == names.AGENT_PAUSED:
            found.add_pause(each, pause_seconds, now / _NANO)
    return found
