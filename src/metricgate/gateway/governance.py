"""What is in force at one moment: catalog and policy together, so that a call sees one state from start to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

from metricgate.actions import ActionDefinition
from metricgate.catalog.catalog import Catalog
from metricgate.compiling.column_kinds import Types
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.data_check_sql import compile_checks
from metricgate.compiling.statement import Statement
from metricgate.gateway.data_checks.counts import MOST_ROWS
from metricgate.gateway.plan_warehouse import warehouse_of
from metricgate.planning.clocks import Kinds
from metricgate.planning.data_checks import KeyCheck
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.planning.question import Question
from metricgate.policy.judge import Judge
from metricgate.policy.policy import Policy
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.problem import Problems, together

_REMEMBERED = 1024
_MOST_REMEMBERED_BYTES = 2048
"""What is remembered is bounded in size as well as in number. A question's plans, statement and checks take some 13 KB:
at most some 13 MiB of usual questions. (With 4096 of them, these memories were what grew by 55 MB under load.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """One consistent state. Replaced whole by a reload; calls that began under it end under it."""

    catalog: Catalog
    planner: Planner
    judge: Judge
    remembered: QueryPipeline
    """Plans and statements are remembered: the same question under the same obligations has the same ones as long as
    this state is in force."""
    fresh: QueryPipeline
    """The same without memory, for questions too large to keep."""
    narrows_columns: bool
    """Whether a rule masks or forbids columns, so that questions must be held against the columns that they read."""
    actions: Mapping[str, ActionDefinition] = field(default_factory=dict)
    """Governed actions by name."""
    mask_key: str = field(default="", repr=False)
    """The key of ``hash`` masks; nobody outside the gateway has it."""

    def roads(self, size: int) -> QueryPipeline:
        """Return how to plan and compile a question that came in ``size`` bytes."""
        return self.remembered if size <= _MOST_REMEMBERED_BYTES else self.fresh


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPipeline:
    """From a question to its plan, and on to its statement."""

    plan: Callable[[Question, Kinds], Plan | Problems]
    compile: Callable[[Question, Kinds, Obligations, Types], Statement | Problems]
    """In the dialect of the warehouse that holds the plan's models, which the question alone decides."""
    checks: Callable[[Question, Kinds, Obligations, Types], Checks | Problems]
    """Of the keys that the statement joins by, in the same dialect and under the same row filters and masks."""


Checks = tuple[tuple[KeyCheck, Statement], ...]


class GovernanceSource(Protocol):
    """Holds the state in force."""

    @property
    def current(self) -> Governance:
        """The last state that loaded without problems."""
        ...


def govern(
    *,
    catalog: Catalog,
    judge: Judge,
    dialects: Mapping[str, str],
    mask_key: str = "",
    actions: Mapping[str, ActionDefinition] | None = None,
) -> Governance:
    """Make a catalog and a judge ready to answer.

    Args:
        catalog: with its models placed in warehouses.
        judge: of the policy.
        dialects: name of a warehouse -> how it is spoken to; the default one first.
        mask_key: the key of ``hash`` masks.
        actions: governed actions by name.
    """
    planner = Planner(catalog)

    def planned(question: Question, kinds: Kinds) -> Plan | Problems:
        return planner.plan(question, kinds=kinds)

    remembering = lru_cache(maxsize=_REMEMBERED)
    remembered = _roads(remembering(planned), dialects, mask_key)
    return Governance(
        catalog=catalog,
        planner=planner,
        judge=judge,
        remembered=replace(remembered, compile=remembering(remembered.compile), checks=remembering(remembered.checks)),
        fresh=_roads(planned, dialects, mask_key),
        narrows_columns=_narrows_columns(judge.policy),
        mask_key=mask_key,
        actions=actions or {},
    )


def _roads(
    plan: Callable[[Question, Kinds], Plan | Problems], dialects: Mapping[str, str], mask_key: str
) -> QueryPipeline:
    """Return the roads of a planner, without memory of their own; the first dialect is the default warehouse's."""
    default = next(iter(dialects))

    def dialect_of(made: Plan) -> str | Problems:
        home = warehouse_of(made)
        return home if isinstance(home, Problems) else dialects[home or default]

    def compiled(question: Question, kinds: Kinds, obligations: Obligations, types: Types) -> Statement | Problems:
        made = plan(question, kinds)
        dialect = made if isinstance(made, Problems) else dialect_of(made)
        if isinstance(made, Problems) or isinstance(dialect, Problems):
            return together(dialect)
        return compile_plan(made, obligations, dialect, mask_key, types)

    def checked(question: Question, kinds: Kinds, obligations: Obligations, types: Types) -> Checks | Problems:
        made = plan(question, kinds)
        dialect = made if isinstance(made, Problems) else dialect_of(made)
        if isinstance(made, Problems) or isinstance(dialect, Problems):
            return together(dialect)
        return compile_checks(made, obligations, dialect, mask_key, types, most_rows=MOST_ROWS + 1)

    return QueryPipeline(plan=plan, compile=compiled, checks=checked)


def _narrows_columns(policy: Policy) -> bool:
    return any(rule.binds_by_column for rule in policy.rules)
