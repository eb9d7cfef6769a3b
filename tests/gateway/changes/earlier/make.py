"""Make the state folder of a release: run with the tree of that release on the path.

Usage: PYTHONPATH=OLD/src:OLD python tests/gateway/changes/earlier/make.py df0a88a
It writes ``df0a88a.tar.xz`` beside itself: the project ``shop`` with its warehouse, and with what the gateway kept.
``test_earlier_state.py`` opens it, goes on with what waits there, and takes back what was done.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.gateway.changes.shop import STEN, Shop, write_shop

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.outcome import RefusedCall
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.settings.settings import load_settings

AT = 1_767_225_600_000_000_000
"""New Year 2026: when all of it happened."""
_TYPES = """
CREATE TABLE odd(a INTEGER, b VARCHAR, num DOUBLE, raw BLOB, doc JSON, moment TIMESTAMPTZ, mood ENUM('low', 'mid'),
  parts VARCHAR[], twice INTEGER GENERATED ALWAYS AS (a * 2), PRIMARY KEY (a, b));
INSERT INTO odd VALUES
 (1, 'x', 'NaN', '\\xAA\\x00'::BLOB, '{"k": [1, null]}', '2024-03-31 02:30:00+01', 'low', ['a', NULL, 'b,c']),
 (1, 'Ä"''\\', '-Infinity', NULL, 'null', NULL, NULL, []),
 (2, '', 0.1, ''::BLOB, NULL, '1999-12-31 23:59:59.999999+00', 'mid', NULL);
"""
_MODEL = """
  - name: odd
    source: main.odd
    entities: [{name: one, type: primary, expr: a}]
    dimensions: [{name: b, type: categorical, expr: b}]
"""


class Clock:
    """The clock of then."""

    def unix_nano(self) -> int:
        """Return the time."""
        return AT

    def monotonic(self) -> float:
        """Return seconds that do not pass."""
        return 1.0


async def _made(folder: Path) -> dict[str, str]:
    """Change rows, and leave changes waiting; returns what stands for what."""
    settings = load_settings(folder)
    async with run_gateway(folder, settings, watch=False, logs=False, clock=Clock()) as parts:
        office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state_of(folder, settings))
        shop = Shop(folder, settings, parts, office)
        done = await _proposed(shop, "done", "UPDATE customers SET credit = credit * 2, segment = NULL WHERE id <= 2")
        odd = await _proposed(
            shop, "odd", "UPDATE odd SET num = 1.5, doc = '[]', moment = NULL, mood = 'mid' WHERE a = 1"
        )
        gone = await _proposed(shop, "gone", "DELETE FROM odd WHERE a = 2")
        await _approved(shop, gone)
        new = await _proposed(
            shop,
            "new",
            "INSERT INTO orders (id, customer_id, status, amount) VALUES (900, 1, 'open', 1.5), (901, 2, NULL, NULL)",
        )
        held = await _proposed(shop, "held", "DELETE FROM orders WHERE status = 'open' AND id < 20")
        many = await _proposed(
            shop, "many", "UPDATE customers SET region = 'EU' || COALESCE(segment, '?') WHERE id < 9"
        )
    return {"done": done, "odd": odd, "gone": gone, "new": new, "held": held, "many": many}


async def _proposed(shop: Shop, key: str, sql: str) -> str:
    outcome = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=f"{key}-0001")
    if isinstance(outcome, RefusedCall):
        sys.exit(str(outcome))
    held = getattr(outcome, "action_id", None)
    found = str(held or outcome.answer["action_id"])
    print(key, found, "held" if held else "executed")
    return found


async def _approved(shop: Shop, action: str) -> None:
    view = await shop.office.action(STEN, action)
    done = await shop.office.decide(
        STEN,
        action,
        approves=True,
        reason="looked at it",
        shown_digest=view.shown_digest,
        bound_to=view.action.proposal.digest,
    )
    print("approved", getattr(done, "state", done))


def main() -> None:
    name = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "shop"
        write_shop(folder)
        _and_odd(folder)
        found = asyncio.run(_made(folder))
        (folder / "actions.txt").write_text("".join(f"{key} {action}\n" for key, action in found.items()))
        with tarfile.open(Path(__file__).parent / f"{name}.tar.xz", "w:xz", preset=9) as tar:
            tar.add(folder, "shop", filter=_plain)


def _and_odd(folder: Path) -> None:
    import duckdb

    models = folder / "semantic_models" / "all.yaml"
    models.write_text(models.read_text() + _MODEL)
    policy = folder / "policies" / "all.yaml"
    policy.write_text(
        policy.read_text().replace(
            '"dataset:orders", "column:customers.*"',
            '"dataset:orders", "dataset:odd", "column:odd.*", "column:customers.*"',
        )
    )
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(_TYPES)


def _plain(found: tarfile.TarInfo) -> tarfile.TarInfo:
    found.uid = found.gid = 0
    found.uname = found.gname = ""
    found.mtime = AT // 1_000_000_000
    return found


if __name__ == "__main__":
    os.umask(0o077)
    main()
