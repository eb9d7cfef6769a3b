"""What each party has used today, as the record tells: so that a restart gives no budget back."""

from __future__ import annotations

from metricgate.gateway import entries
from metricgate.state.record import RecordReader
from metricgate.vocabulary.clock import Clock

_DAY_NANO = 86_400 * 1_000_000_000
_ENDED = frozenset({entries.COMPLETED, entries.REFUSED, entries.FAILED})


def used_today(reader: RecordReader, clock: Clock) -> dict[str, tuple[int, int]]:
    """Return ``agent:<id>`` and ``user:<id>`` -> (calls, rows) since midnight, UTC; erased users have nothing.

    Raises:
        LedgerUnavailable: the record cannot be read.
    """
    midnight = clock.unix_nano() // _DAY_NANO * _DAY_NANO
    found: dict[str, tuple[int, int]] = {}
    for each in reader.entries():
        if each.time_unix_nano < midnight:
            break
        if each.event not in _ENDED:
            continue
        rows = each.fields.get("gov.effect.rows")
        for kind, name in (("agent", each.text("gen_ai.agent.id")), ("user", each.text("gov.user.id"))):
            if name is not None:
                calls, before = found.get(f"{kind}:{name}", (0, 0))
                found[f"{kind}:{name}"] = (calls + 1, before + (rows if isinstance(rows, int) else 0))
    return found
