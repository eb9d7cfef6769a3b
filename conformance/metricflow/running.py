"""Every case of a folder, asked and compared."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb

from conformance.metricflow.asking import arguments
from conformance.metricflow.cases import Case, read_cases
from conformance.metricflow.comparing import compare
from conformance.metricflow.engines import Place, place
from conformance.metricflow.fixtures import load_fixtures
from conformance.metricflow.project import Prepared, prepare
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Fault, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.principal import Identity, Principal, Proof

_WHO = Principal(agent=Identity(id="conformance", proof=Proof.VERIFIED, method="local"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one case ended: passed, or why not, line by line."""

    case: Case
    asked: dict
    passed: bool
    lines: tuple[str, ...] = ()
    sql: str | None = None


def run(folder: Path, only: str | None = None, engine: str = "duckdb") -> tuple[list[Result], dict[str, Prepared]]:
    """Run the cases of ``folder`` whose name contains ``only``; return results and the prepared manifests."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        database = Path(scratch) / "fixtures.duckdb"
        with duckdb.connect(str(database)) as connection:
            load_fixtures(folder / "fixtures", connection)
        cases = [case for case in read_cases(folder) if only is None or only in case.name]
        return asyncio.run(_all(folder, cases, Path(scratch), database, place(engine, database)))


async def _all(
    folder: Path, cases: Sequence[Case], scratch: Path, database: Path, where: Place
) -> tuple[list[Result], dict[str, Prepared]]:
    projects: dict[str, Prepared] = {}
    results: dict[str, Result] = {}
    for manifest in dict.fromkeys(case.manifest for case in cases):
        own = [case for case in cases if case.manifest == manifest]
        prepared = prepare(_manifest(folder, manifest), scratch / manifest, where)
        projects[manifest] = prepared
        expected = {case.name: _expected(case, database) for case in own}
        async with AsyncExitStack() as stack:
            try:
                parts = None if prepared.problems else await _opened(prepared.folder, stack)
                why = str(prepared.problems)
            except StartRefused as error:
                parts, why = None, f"{error}: {error.problems}"
            for case in own:
                results[case.name] = (
                    Result(case=case, asked={}, passed=False, lines=(f"the manifest does not load: {why}",))
                    if parts is None
                    else await _one(case, parts, prepared, expected[case.name])
                )
    return [results[case.name] for case in cases], projects


def _manifest(folder: Path, name: str) -> Path:
    found = [each / name for each in sorted(folder.glob("manifests*")) if (each / name).is_dir()]
    if not found:
        raise FileNotFoundError(f"there is no manifest {name!r} under {folder}/manifests*")
    return found[0]


async def _opened(folder: Path, stack: AsyncExitStack) -> RunningGateway:
    settings = load_settings(folder)
    return await stack.enter_async_context(run_gateway(folder, settings, watch=False, logs=False))


def _expected(case: Case, database: Path) -> Sequence[Sequence[object]]:
    if case.rows is not None:
        return case.rows
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(case.check_sql or "SELECT 'no rows and no check_sql_duckdb'")
        names = [each[0] for each in cursor.description]
        places = [names.index(name) for name in case.columns]
        return [[row[at] for at in places] for row in cursor.fetchall()]


async def _one(case: Case, parts: RunningGateway, prepared: Prepared, expected: Sequence[Sequence[object]]) -> Result:
    asked = arguments(case.question)
    call = ToolCall(tool="query_metrics", arguments=asked, principal=_WHO, door="python")
    outcome = await parts.gateway.call(call)
    match outcome:
        case Answered():
            columns = [str(each["name"]) for each in outcome.answer["columns"]]
            rows = outcome.answer["rows"]
            lines = compare(case.columns, case.types, expected, columns, rows, in_order=case.check_order)
            if outcome.answer.get("truncated"):
                lines.append("the answer was cut")
            sql = str(outcome.answer.get("sql"))
            return Result(case=case, asked=asked, passed=not lines, lines=tuple(lines), sql=sql)
        case RefusedCall():
            lines = [f"refused: {problem}" for problem in outcome.problems]
            lines.extend(_left_out(asked, prepared))
        case Fault():
            lines = [f"fault: {outcome.problem}"]
        case _:
            lines = [f"ended as {type(outcome).__name__}"]
    return Result(case=case, asked=asked, passed=False, lines=tuple(lines))


def _left_out(asked: dict, prepared: Prepared) -> Iterator[str]:
    for name in asked.get("metrics", ()):
        if name in prepared.left_out:
            yield f"not loaded: {name}: {prepared.left_out[name]}"
