"""A policy beside a catalog: what it names must exist there."""

from __future__ import annotations

import pytest
from tests.policy.tools import policy_of

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.policy.catalog_check import check_columns
from metricgate.policy.policy_loader import check_against
from metricgate.vocabulary.result import Column, DataType

_MODEL = """
semantic_models:
  - name: customers
    source: main.customers
    entities: [{name: customer, type: primary, expr: customer_id}]
    dimensions: [{name: region, type: categorical}]
metrics:
  - {name: count, domain: sales, type: simple, semantic_model: customers, agg: count, expr: customer_id,
     description: How many.}
"""
_RULES = """
grants: [{id: g, roles: [everyone], actions: [query], on: [METRIC, 'dimension:customers.DIMENSION', 'dataset:DATASET']}]
row_filters: [{id: f, roles: [everyone], dataset: DATASET, where: {member: DIMENSION, op: is_null}}]
limits: [{id: l, roles: [everyone], on: ['tool:any', 'dataset:*'], rows: 1}]
domains: [{id: d, roles: [everyone], domain: DOMAIN}]
"""


def _checked(metric: str, dimension: str, dataset: str, domain: str) -> list[str]:
    catalog = load([("m.yaml", _MODEL)])
    assert isinstance(catalog, Catalog), str(catalog)
    text = _RULES.replace("METRIC", metric).replace("DIMENSION", dimension)
    policy = policy_of(text.replace("DATASET", dataset).replace("DOMAIN", domain))
    problems = check_against(policy, catalog)
    assert {problem.code.name for problem in problems} <= {"E_POLICY_UNKNOWN_RESOURCE"}
    assert all(problem.where and problem.where.line for problem in problems)
    return [str(problem) for problem in problems]


def test_what_exists_is_no_problem():
    """Names, prefixes and stars that cover something pass; so do entities, and tools, which no catalog knows."""
    assert _checked("metric:sales.count", "region", "customers", "sales") == []
    assert _checked("'metric:sales.*'", "customer", "customers", "sales") == []


def test_what_is_gone_is_told_with_its_nearest_name():
    """A rule that protects or grants what is not there any more has silently stopped working: say so."""
    grant, dimension, member, domain = _checked("metric:sales.cout", "regoin", "customers", "sale")
    assert "Did you mean 'metric:sales.count'" in grant
    assert "Did you mean 'dimension:customers.region'" in dimension
    assert "Did you mean 'region'" in member
    assert "Did you mean 'sales'" in domain
    _grant, dataset, _filter = _checked("'metric:finance.*'", "region", "custmers", "sales")
    assert "'dataset:custmers'" in dataset


_LABELLED = _MODEL.replace("    entities", "    columns: [{name: email, sensitivity: [personal.mail]}]\n    entities")
_COLUMNS = """
masks: [{id: m, roles: [everyone], on: ['ON'], method: null}]
minimum_groups: [{id: n, roles: [everyone], on: [dataset:customers], size: 5}]
"""


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("column:customers.email", ""),
        ("column:customers.*", ""),
        ("column:*", ""),
        ("label:personal.mail", ""),
        ("label:personal.*", ""),
        ("label:*", ""),
        ("column:custmers.email", "Did you mean 'customers'"),
        ("label:personal", "covers nothing"),
        ("label:personal.mial", "Did you mean 'label:personal.mail'"),
    ],
)
def test_a_mask_on_what_no_model_has_is_told(on, said):
    """A label that nothing carries and a dataset that is not there protect nothing."""
    catalog = load([("m.yaml", _LABELLED)])
    assert isinstance(catalog, Catalog), str(catalog)
    found = [str(each) for each in check_against(policy_of(_COLUMNS.replace("ON", on)), catalog)]
    assert len(found) == bool(said)
    assert all(said in each for each in found)


def test_a_rule_on_a_column_that_the_table_lacks_is_told():
    """Validation knows the warehouse's columns: a misspelt one would leave the true one open."""
    catalog = load([("m.yaml", _LABELLED)])
    assert isinstance(catalog, Catalog), str(catalog)
    described = {("main", "customers"): (Column(name="Email", type=DataType.STRING),)}
    for on, problems in (("email", 0), ("*", 0), ("emial", 1)):
        policy = policy_of(_COLUMNS.replace("ON", f"column:customers.{on}"))
        found = check_columns(policy, catalog, described)
        assert [each.code.name for each in found] == ["E_POLICY_UNKNOWN_RESOURCE"] * problems
    assert "Did you mean 'email'" in str(found[0])
    assert check_columns(policy, catalog, {("main", "customers"): None}) == ()
