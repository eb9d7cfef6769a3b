"""The default project is whole: it loads, its policy's own tests pass, and every metric's answer is right."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path

import pytest
from tests.cases.reader import FOLDER, Case, Expected, cases_under, difference

from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load as load_catalog
from metricgate.catalog.metrics import CumulativeMetric, DerivedMetric, RatioMetric, SimpleMetric
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.demo.database import load_demo
from metricgate.gateway.ports import ReleasedStatement, Rows
from metricgate.gateway.questions import to_question
from metricgate.planning.planner import Planner
from metricgate.policy.judge import Judge
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import check_against
from metricgate.policy.policy_loader import load as load_policy
from metricgate.policy.policy_tests import run_tests
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action

PROJECT = Path(__file__).parent.parent
CASES = list(cases_under(FOLDER / "metrics"))
ANSWERED = [case for case in CASES if case.document.expect.verdict is Expected.ALLOW]
REFUSED = [case for case in CASES if case.document.expect.verdict is Expected.REFUSE]


def texts(folder: str) -> list[tuple[str, str]]:
    paths = sorted((PROJECT / folder).rglob("*.yaml"))
    return [(str(path.relative_to(PROJECT)), path.read_text()) for path in paths]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    loaded = load_catalog(texts("semantic_models"))
    assert not isinstance(loaded, Problems), str(loaded)
    return loaded


@pytest.fixture(scope="module")
def policy() -> Policy:
    loaded = load_policy(texts("policies"))
    assert not isinstance(loaded, Problems), str(loaded)
    return loaded


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return load_demo(tmp_path_factory.mktemp("demo"), scale_factor=0.01, progress=lambda _line: None)


def run(database: Path, statements: list[Statement]) -> list[Rows]:
    """Run the statements one after the other, released without limits."""
    reason = VerdictReason(rule="case", party="agent:auditor", resource=None, decision=Decision.ALLOW, message="a case")
    verdict = Verdict(
        action=Action.QUERY,
        decision=Decision.ALLOW,
        reasons=(reason,),
        obligations=NO_OBLIGATIONS,
        policy_digest="sha256:case",
    )

    async def main() -> list[Rows]:
        warehouse = DuckDBWarehouse(DuckDBOptions(path=database))
        try:
            return [
                await warehouse.run(
                    ReleasedStatement(statement=each, verdict=verdict, intent=AppendReceipt(index=0, leaf_hash="00"))
                )
                for each in statements
            ]
        finally:
            await warehouse.close()

    return asyncio.run(main())


def compiled(case: Case, catalog: Catalog) -> Statement | Problems | Problem:
    question = to_question(case.document.question)
    if isinstance(question, Problems):
        return question
    planned = Planner(catalog).plan(question)
    return planned if isinstance(planned, Problems) else compile_plan(planned, NO_OBLIGATIONS, "duckdb")


def test_the_catalog_has_metrics_for_both_domains_with_people_and_words(catalog: Catalog):
    """At least 28 metrics, each with an owner, a domain and a description; commerce and flights have both."""
    assert len(catalog.metrics) >= 28
    headers = [metric.header for metric in catalog.metrics.values()]
    assert [header.name for header in headers if not (header.owner and header.domain and header.description)] == []
    assert {header.domain for header in headers} == {"sales", "finance", "operations", "flights"}
    shown = {SimpleMetric, RatioMetric, DerivedMetric, CumulativeMetric}
    assert shown <= {type(metric) for metric in catalog.metrics.values()}


def test_the_conflict_is_genuine(catalog: Catalog):
    """Revenue and active customers mean one thing to sales and another to finance."""
    for name in ("revenue", "active_customers"):
        assert catalog.find_metrics(name) == (f"finance.{name}", f"sales.{name}")
        sales, finance = catalog.metrics[f"sales.{name}"], catalog.metrics[f"finance.{name}"]
        assert sales.header.definition_version != finance.header.definition_version
        assert sales.header.description != finance.header.description


def test_every_certification_holds(catalog: Catalog):
    """Some metrics are certified in each domain, and no certification is void: the hash is of this definition."""
    claimed = {metric.header.name for metric in catalog.metrics.values() if metric.header.certification}
    assert {name.partition(".")[0] for name in claimed} == {"sales", "finance", "operations", "flights"}
    assert [name for name in claimed if not catalog.metrics[name].header.certified] == []


def test_the_policys_own_tests_pass(policy: Policy):
    """``metricgate policy test`` on the default project is green."""
    judge = Judge(policy, CasbinRoleBook(policy.roles, policy.grants))
    results = run_tests(policy, judge)
    assert len(results) >= 12
    assert [(result.test.name, result.failures) for result in results if not result.passed] == []


def test_the_policy_names_only_what_the_catalog_has(policy: Policy, catalog: Catalog):
    """No grant, filter, limit or domain rule speaks of something that does not exist."""
    assert [str(problem) for problem in check_against(policy, catalog)] == []


def test_every_metric_is_checked_by_two_dimensions(catalog: Catalog):
    """A metric without two questions that group it by different members, each with an oracle, is not finished."""
    members = defaultdict(set)
    for case in ANSWERED:
        question = case.document.question
        if case.document.expect.check_sql and question.group_by:
            for name in question.metrics:
                members[name].add(tuple(str(item) for item in question.group_by))
    assert [name for name in catalog.metrics if len(members[name]) < 2] == []


@pytest.mark.parametrize("case", ANSWERED, ids=str)
def test_the_answer_equals_sql_written_by_hand(case: Case, catalog: Catalog, database: Path):
    """Planned, compiled and run, the question gives what an independent statement over the base tables gives."""
    statement = compiled(case, catalog)
    assert isinstance(statement, Statement), str(statement)
    question, expect = case.document.question, case.document.expect
    check = Statement(
        sql=expect.check_sql or "", parameters=(), dialect="duckdb", columns=(), digest="", row_limit=None
    )
    got, wanted = run(database, [statement, check])
    assert len(wanted.values) > 0
    assert got.truncated is None
    found = difference(got.values, wanted.values, keys=len(question.group_by), ordered=bool(question.order_by))
    assert found is None, f"{found}\n{statement.sql}\n{statement.parameters}"


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_has_no_right_answer_is_refused(case: Case, catalog: Catalog):
    """The refusal has the expected code and says something helpful."""
    refused = compiled(case, catalog)
    assert isinstance(refused, Problems)
    assert refused.first.code.name == case.document.expect.code
    assert refused.first.hint
