"""What is asked of policies beside calls: their tests, an explanation. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from metricgate.catalog.labels import with_labels
from metricgate.definitions.hot_reload import JudgeOf
from metricgate.definitions.loader import load_definitions
from metricgate.definitions.source import DefinitionSource
from metricgate.operations.policy_question import PolicyQuestion
from metricgate.policy.explanation import PolicyExplanation, explain
from metricgate.policy.policy_tests import TestResult, run_tests
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems


def run_policy_tests(source: DefinitionSource, judge_of: JudgeOf) -> Sequence[TestResult] | Problems:
    """Run the tests beside the rules, with the labels that the catalog gives."""
    loaded = load_definitions(source)
    if isinstance(loaded, Problems):
        return loaded
    policy = loaded.policy
    return run_tests(policy, judge_of(policy), partial(with_labels, catalog=loaded.catalog))


def explain_policy(source: DefinitionSource, judge_of: JudgeOf, asked: PolicyQuestion) -> PolicyExplanation | Problems:
    """Judge as if these parties had asked, and lay open how."""
    loaded = load_definitions(source)
    if isinstance(loaded, Problems):
        return loaded
    catalog = loaded.catalog
    principal = Principal(
        agent=Identity(id=asked.agent, proof=Proof.VERIFIED, method="local"),
        user=None if asked.user is None else Identity(id=asked.user, proof=Proof.ASSERTED, method="local"),
    )
    return explain(
        judge_of(loaded.policy),
        principal,
        asked.action,
        [with_labels(each, catalog) for each in asked.resources],
        unless_forbidden=[with_labels(each, catalog) for each in asked.touching],
        circumstances=asked.circumstances,
    )
