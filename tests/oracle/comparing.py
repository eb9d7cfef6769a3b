"""One question asked both ways, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from math import isclose
from random import Random

from tests.oracle.asking import Both, kinds_of, question_of
from tests.oracle.engines import ERRORS, Engine, load_tables
from tests.oracle.engines import asked as run_on
from tests.oracle.evaluator import answer
from tests.oracle.moments import moment
from tests.oracle.shapes import shapes_of
from tests.oracle.world import Asked, Key, NoAnswer, NotCompared, World
from tests.oracle.worlds import WIDE, catalog_text, world_of

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.data_check_sql import compile_check
from metricgate.compiling.statement import Statement
from metricgate.planning.data_checks import RowsCheck
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.spine_reach import rows_beyond, spines_read
from metricgate.vocabulary.problem import Problems


@dataclass(slots=True)
class Outcome:
    """What came of one question: ``agreed``, ``refused`` (the gateway), ``unanswerable`` (both) or ``differs``."""

    kind: str
    both: Both
    note: str = ""
    kinds: frozenset[str] = frozenset()
    shapes: frozenset[str] = frozenset()


def loaded(world: World) -> Catalog:
    """Load the world's catalog; it must load."""
    catalog = load([("world.yaml", catalog_text(world))])
    assert not isinstance(catalog, Problems), str(catalog)
    return catalog


def compare(  # noqa: PLR0911 -- one return per outcome
    world: World, planner: Planner, engine: Engine, both: Both
) -> Outcome:
    """Ask one question both ways."""
    try:
        wanted = answer(world, both.asked)
    except NoAnswer as reason:
        wanted = reason
    plan = planner.plan(both.question)
    if isinstance(wanted, NotCompared):
        return Outcome("not compared", both)
    if not isinstance(plan, Plan):
        codes = ", ".join(sorted({problem.code.name for problem in plan}))
        return Outcome(
            "unanswerable" if isinstance(wanted, NoAnswer) else "refused", both, f"{codes}: {plan.first.message}"
        )
    if world.short and cut_by_spine(world, plan, engine, both):
        return Outcome("told cut", both)
    statement = compile_plan(plan, both.obligations, engine.dialect)
    if not isinstance(statement, Statement):
        return Outcome("refused", both, str(statement))
    if isinstance(wanted, NoAnswer):
        return Outcome("differs", both, f"answered, though {wanted}\n{statement.sql}")
    try:
        got = run_on(engine, statement)
    except ERRORS as error:
        return Outcome("differs", both, f"{error}\n{statement.sql}\n{statement.parameters}")
    if world.short and not as_whole(world, both.asked):
        return Outcome("differs", both, f"cut without a word\n{statement.sql}\n{statement.parameters}")
    if same(got, wanted):
        kinds = frozenset(kind for name in both.asked.metrics for kind in kinds_of(world, name))
        return Outcome("agreed", both, kinds=kinds)
    return Outcome("differs", both, f"got    {got}\nwanted {wanted}\n{statement.sql}\n{statement.parameters}")


def cut_by_spine(world: World, plan: Plan, engine: Engine, both: Both) -> bool:
    """Say whether the gateway would refuse, as it looks for rows beyond the spine."""
    groups = [
        beyond for read in spines_read(plan) for beyond in rows_beyond(plan, read.check, world.days[0], world.days[-1])
    ]

    def finds(check: RowsCheck) -> bool:
        statement = compile_check(check, plan.models, both.obligations, engine.dialect)
        assert isinstance(statement, Statement), str(statement)
        return run_on(engine, statement) != [(0,)]

    return any(all(map(finds, beyond)) for beyond in groups)


def as_whole(world: World, asked: Asked) -> bool:
    """Say whether every row that a short spine shows is what a spine of all days shows."""
    plain = replace(asked, limit=None, order=[])
    keys = len(asked.by)
    whole = {row[:keys]: row for row in answer(replace(world, days=WIDE), plain)}
    return all(key in whole and same([row], [whole[key]]) for row in answer(world, plain) for key in [row[:keys]])


def same(got: list[Key], wanted: list[Key]) -> bool:
    """Say whether two answers are equal, in their order; floats within rounding."""
    return len(got) == len(wanted) and all(
        len(one) == len(other) and all(map(equal, one, other)) for one, other in zip(got, wanted, strict=True)
    )


def equal(one: object, other: object) -> bool:
    """Say whether two values are the same."""
    if isinstance(one, date) and isinstance(other, date):
        return moment(one) == moment(other)
    if one is None or other is None or isinstance(one, str | bool) or isinstance(other, str | bool):
        return one == other
    return isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)


def run(seed: int, engine: Engine, questions: int = 12) -> list[Outcome]:
    """Make the world of a seed and ask it questions. The same seed gives the same world and questions."""
    random = Random(seed)  # noqa: S311 - seeded chance is the point
    world = world_of(random)
    planner = Planner(loaded(world))
    load_tables(world, engine)
    found = [question_of(random, world) for _ in range(questions)]
    asked = [both for both in found if both is not None]
    return [replace(compare(world, planner, engine, both), shapes=shapes_of(world, both)) for both in asked]
