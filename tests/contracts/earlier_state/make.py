"""Make the whole state folder of a release: run with the tree of that release on the path, and nothing newer.

Usage: PYTHONPATH=OLD/src:OLD python tests/contracts/earlier_state/make.py OLD_COMMIT
It writes ``OLD_COMMIT.tar.xz`` beside itself: a shop with people, keys, a change that waits, one that can be undone,
and a call in whose midst the gateway was killed. ``tests/contracts/test_earlier_state.py`` opens it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from metricgate.adapters.stores.sqlite_keys import SqliteKeys
from metricgate.adapters.stores.sqlite_people import SqlitePeople
from metricgate.bootstrap.office import ProjectOffice
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.settings import load_settings
from tests.gateway.changes.shop import Shop, write_shop

from metricgate.adapters.identity.people import enroll
from metricgate.bootstrap.running_gateway import run_gateway

AT = 1_767_225_600
"""New Year 2026, in seconds: when all of it happened."""
_YEARS = 100 * 365 * 86_400.0
_KILLED = 9


class Clock:
    """The clock of then."""

    def unix_nano(self) -> int:
        """Return the time."""
        return AT * 1_000_000_000

    def monotonic(self) -> float:
        """Return seconds that pass, for what waits."""
        return time.monotonic()


async def _serve_until_killed(folder: Path) -> None:
    """Change rows, leave a change waiting, and die in the midst of a question."""
    settings = load_settings(folder)
    async with run_gateway(folder, settings, watch=False, logs=False, clock=Clock()) as parts:
        paths = StatePaths.of(folder, settings)
        shop = Shop(folder, settings, parts, ProjectOffice(parts.changes, parts.governance, parts.conduct, paths))
        given = json.loads((folder / "given.json").read_text())
        for name, sql in (
            ("done", "UPDATE customers SET segment = NULL WHERE id <= 2"),
            ("held", "DELETE FROM orders WHERE status = 'open' AND id < 20"),
        ):
            outcome = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=f"{name}-0001")
            given[name] = str(getattr(outcome, "action_id", None) or outcome.answer["action_id"])
        (folder / "given.json").write_text(json.dumps(given))
        for warehouse in parts.warehouses.values():
            type(warehouse).run = _die
        await shop.call("query_sql", sql="SELECT count(*) FROM orders")
    sys.exit("the question was answered")


async def _die(*_given: object, **_named: object) -> None:
    os._exit(_KILLED)


def _people_and_keys(folder: Path) -> dict[str, str]:
    paths = StatePaths.of(folder, load_settings(folder))
    people = SqlitePeople(paths.people)
    record, paper = enroll("sten", ("stewards",), float(AT), issuer="Shop")
    people.add(record)
    people.close()
    keys = SqliteKeys(paths.api_keys, clock=Clock())
    text, _ = keys.create("desk", name="desk's", expires_in=_YEARS, may_act_for=["dora"], or_alone=True)
    revoked, key = keys.create("desk", name="lost", expires_in=_YEARS)
    keys.revoke(key.id)
    keys.close()
    return {"password": paper.one_time_password, "otpauth": paper.otpauth, "key": text, "revoked": revoked}


def main() -> None:
    """Make it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "shop"
        write_shop(folder)
        (folder / ".metricgate").mkdir()
        (folder / "given.json").write_text(json.dumps(_people_and_keys(folder)))
        child = os.fork()
        if child == 0:
            asyncio.run(_serve_until_killed(folder))
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended != _KILLED:
            sys.exit(f"the gateway ended with {ended}")
        with tarfile.open(Path(__file__).parent / f"{sys.argv[1]}.tar.xz", "w:xz", preset=9) as tar:
            tar.add(folder, "shop", filter=_nobodys)


def _nobodys(found: tarfile.TarInfo) -> tarfile.TarInfo | None:
    found.uid = found.gid = 0
    found.uname = found.gname = ""
    found.mtime = AT
    return found


if __name__ == "__main__":
    os.umask(0o077)
    main()
