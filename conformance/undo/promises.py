"""What is shown as R0 comes back: random changes of random schemas, taken back, and whole tables compared."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.contracts import server_changes

from conformance.undo.worlds import Table, World, made
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.approvals.proposal import Reversibility
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.undo import reaching_further, taking_back
from metricgate.changing.undo_check import back_of
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, ChangeStep, WritableWarehouse
from metricgate.gateway.changes.preview import reversibility_of

TRIALS_A_WORLD = 50
_ROWS = 8
Dump = dict[str, list[str]]


@dataclass
class Kept:
    """What came of the trials.

    Attributes:
        shown: how often each class was shown; ``refused`` where the engine refused the change.
        broken: changes shown as R0 that did not come back.
    """

    shown: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def trials(self) -> int:
        """How many there were."""
        return sum(self.shown.values())

    def line(self) -> str:
        """Return the counts in a line, with the share that the engine refused."""
        kinds = "; ".join(f"{kind} {count:,}" for kind, count in sorted(self.shown.items()))
        share = self.shown["refused"] / max(1, self.trials)
        return f"{kinds}; refused {share:.0%}; shown as R0 and not back: {len(self.broken)}"


@dataclass
class _Scene:
    """A world on an engine."""

    world: World
    warehouse: WritableWarehouse
    step: Callable[..., ChangeStep]
    dump: Callable[[], Awaitable[Dump]]
    schema: str
    location: Callable[[str], tuple[str, ...]]


async def kept(engine: str, trials: int, seed: int, told: Callable[[int], None] = lambda _done: None) -> Kept:
    """Make so many trials on an engine, in a new world every 50."""
    dice, found = random.Random(seed), Kept()  # noqa: S311 - trials, not secrets
    while found.trials < trials:
        world = made(engine, dice)
        async with _placed(engine, world, dice) as scene:
            for _ in range(min(TRIALS_A_WORLD, trials - found.trials)):
                await _trial(scene, dice, found)
                told(found.trials)
    return found


async def _trial(scene: _Scene, dice: random.Random, found: Kept) -> None:
    number = found.trials
    table = dice.choice(scene.world.tables)
    wanted = _change(scene, table, dice, 1_000 + number)
    try:
        rehearsal = await scene.warehouse.rehearse(wanted)
    except ChangeFailed as error:
        if error.code.startswith("E_WAREHOUSE"):
            raise
        found.shown["refused"] += 1
        return
    level = reversibility_of(rehearsal)
    found.shown[str(level)] += 1
    if level is not Reversibility.R0:
        return
    before = await scene.dump()
    effect = await scene.warehouse.apply(
        server_changes.release(rehearsal, wanted, action=f"trial-{id(found)}-{number}"), server_changes.ready
    )
    try:
        await _taken_back(scene, effect, f"back-{id(found)}-{number}")
    except ChangeFailed as error:
        found.broken.append(_told(scene, wanted, f"{error.code} {error.detail} {error.engine_text[:200]}"))
        return
    after = await scene.dump()
    if after != before:
        rows = [(name, set(before[name]) ^ set(after[name])) for name in before if before[name] != after[name]]
        found.broken.append(_told(scene, wanted, f"rows differ: {str(rows)[:400]}"))


async def _taken_back(scene: _Scene, effect: ChangeEffect, action: str) -> None:
    """Take back as the gateway does: rehearsed, held against the images, carried out."""
    changes = taking_back(effect, await scene.warehouse.shapes([each.table for each in effect.tables]))
    if not changes:
        return
    rehearsal = await scene.warehouse.rehearse_changes(changes, most_rows=10_000, seconds=60)
    further = reaching_further(rehearsal.effect, effect)
    back = back_of(effect, rehearsal.effect, whole=False)
    if further or back.why:
        raise ChangeFailed("E_NOT_BACK", f"{further} {back.why}")
    await scene.warehouse.apply(server_changes.release(rehearsal, action=action), server_changes.ready)


def _told(scene: _Scene, wanted: ChangePlan, why: str) -> str:
    script = "; ".join(each for each in scene.world.script if each.startswith("CREATE"))
    return (
        f"{wanted.steps[0].kind} {wanted.steps[0].table[-1]}: {wanted.steps[0].source.sql[:300]} -> {why} IN {script}"
    )


def _change(scene: _Scene, table: Table, dice: random.Random, fresh: int) -> ChangePlan:
    """One change of some rows."""
    name, key = f"{scene.schema}{table.name}", " ".join(table.key)
    some = ", ".join(str(dice.randint(1, _ROWS)) for _ in range(dice.randint(1, 3)))
    kind = dice.choice(("insert", "update", "update", "delete", "delete", "key"))
    keys = ", ".join(table.key)
    if kind == "delete":
        step = scene.step("delete", table.name, f"SELECT {keys} FROM {name} WHERE n IN ({some})", key=key)
    elif kind == "insert":
        given = {**table.needs, **{each: dice.choice(values) for each, values in table.free.items()}}
        sql = f"SELECT {', '.join(given.values())}"
        sql = _filled(sql, fresh, dice, scene.schema)
        step = scene.step("insert", table.name, sql, columns=" ".join(given))
    elif kind == "key":
        column = dice.choice(list(table.moving))
        sql = f"SELECT {keys}, {table.moving[column]} FROM {name} WHERE n IN ({some})"
        step = scene.step("update", table.name, sql, key=key, columns=column)
    else:
        columns = dice.sample(list(table.free), dice.randint(1, 3))
        values = ", ".join(dice.choice(table.free[each]) for each in columns)
        sql = f"SELECT {keys}, {values} FROM {name} WHERE n IN ({some})"
        step = scene.step("update", table.name, sql, key=key, columns=" ".join(columns))
    return ChangePlan(steps=(step,), most_rows=10_000, seconds=60.0)


def _filled(sql: str, number: int, dice: random.Random, schema: str) -> str:
    parts = {"{n}": str(number), "{p}": str(dice.randint(1, _ROWS)), "{s}": schema}
    for part, value in {**parts, "{u}": str(dice.choice((number, dice.randint(1, _ROWS))))}.items():
        sql = sql.replace(part, value)
    return sql


def _filling(world: World, dice: random.Random, engine: str) -> list[str]:
    """Return the statements that fill the tables; MariaDB's ENUM gets the value that only lax modes take."""
    found: list[str] = []
    for table in world.tables:
        for number in range(1, _ROWS + 1):
            given = {**table.needs, **{name: dice.choice(values) for name, values in table.free.items()}}
            if "e" in given and engine == "mariadb":
                given["e"] = dice.choice(("''", "'low'", "NULL"))
            if ("up" in given and engine == "postgres") or "up" in given:
                given["up"] = dice.choice(("NULL", str(number), str(max(1, number - 1))))
            values = _filled(", ".join(given.values()), number, dice, "")
            found.append(f"INSERT INTO {table.name} ({', '.join(given)}) VALUES ({values})")
    return found


@asynccontextmanager
async def _placed(engine: str, world: World, dice: random.Random) -> AsyncIterator[_Scene]:
    if engine == "duckdb":
        with tempfile.TemporaryDirectory(prefix="undo-promises-") as folder:
            script = [*world.script, *_filling(world, dice, engine)]
            warehouse = DuckDBWarehouse(duckdb_changes.built(Path(folder) / "w.duckdb", ";\n".join(script)))

            async def dump() -> Dump:
                return {
                    each.name: sorted(
                        map(
                            repr,
                            await duckdb_changes.rows(
                                warehouse, f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM {each.name}"
                            ),
                        )
                    )
                    for each in world.tables
                }

            try:
                yield _Scene(world, warehouse, duckdb_changes.step, dump, "main.", duckdb_changes.table)
            finally:
                await warehouse.close()
        return
    lax = ["SET sql_mode = ''"] if engine == "mariadb" else []
    place = server_changes.new_place(engine, *world.script, *lax, *_filling(world, dice, engine))
    server = place.warehouse()

    async def dump_server() -> Dump:
        return {each.name: sorted(map(str, place.admin(_whole(engine, place, each)))) for each in world.tables}

    try:
        yield _Scene(world, server, place.step, dump_server, f"{place.schema}.", place.table)
    finally:
        await server.close()
        server_changes.drop(place)


def _whole(engine: str, place: server_changes.Place, table: Table) -> str:
    if engine == "postgres":
        return f"SELECT CAST(t AS text) FROM {table.name} AS t"
    names: Sequence[tuple[object, ...]] = place.admin(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_schema = '{place.schema}' AND table_name = '{table.name}'"
    )
    doubles = {"float", "double"}
    outputs = [f"CAST(`{name}` AS DOUBLE)" if kind in doubles else f"`{name}`" for name, kind in names]
    outputs = [f"HEX(CONCAT({each}))" for each in outputs]
    return f"SELECT {', '.join(outputs)} FROM {table.name}"
