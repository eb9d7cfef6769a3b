"""Labels: on columns, dimensions, metrics and datasets; governance, not meaning."""

from __future__ import annotations

import pytest

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.labels import labels_in, labels_of, with_labels
from metricgate.catalog.warehouse_check import check
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Resource, ResourceKind
from metricgate.vocabulary.result import Column, DataType

_TEXT = """
semantic_models:
  - name: people
    source: main.people
    sensitivity: internal
    columns:
      - {name: Email, description: As given, sensitivity: [personal, contact]}
      - {name: pay, sensitivity: pay}
    entities: [{name: person, type: primary, expr: id}, {name: address, type: unique, expr: EMAIL}]
    dimensions:
      - {name: mail, type: categorical, expr: email}
      - {name: quoted, type: categorical, expr: '"email"'}
      - {name: host, type: categorical, expr: "split_part(email, '@', 2)"}
      - {name: phone, type: categorical, expr: phone_no, sensitivity: personal}
      - {name: town, type: categorical}
    metrics:
      - {name: payroll, type: simple, agg: sum, expr: pay, sensitivity: confidential}
"""


def _catalog(text: str = _TEXT) -> Catalog:
    found = load([("m.yaml", text)])
    assert isinstance(found, Catalog), str(found)
    return found


@pytest.mark.parametrize(
    ("column", "labels"),
    [("EMAIL", ("contact", "personal")), ("phone_no", ("personal",)), ("Pay", ("pay",)), ("town", ()), ("none", ())],
)
def test_a_column_has_its_own_labels_and_those_of_dimensions_that_are_just_it(column, labels):
    """Whatever its case; sorted, each once."""
    assert labels_of(_catalog().models["people"], column) == labels


@pytest.mark.parametrize(
    ("kind", "name", "labels"),
    [
        (ResourceKind.DIMENSION, "people.mail", ("contact", "personal")),
        (ResourceKind.DIMENSION, "people.quoted", ("contact", "personal")),
        (ResourceKind.DIMENSION, "people.address", ("contact", "personal")),
        (ResourceKind.DIMENSION, "people.host", ()),
        (ResourceKind.DIMENSION, "people.phone", ("personal",)),
        (ResourceKind.COLUMN, "people.email", ("contact", "personal")),
        (ResourceKind.DATASET, "people", ("internal",)),
        (ResourceKind.METRIC, "payroll", ("confidential",)),
        (ResourceKind.METRIC, "nothing", ()),
        (ResourceKind.TOOL, "people", ()),
    ],
)
def test_resources_carry_the_labels_that_the_catalog_gives(kind, name, labels):
    """What is computed from a labelled column is not labelled: policy judges the columns as well."""
    found = with_labels(Resource(kind, name), _catalog())
    assert (found.kind, found.name, found.labels) == (kind, name, labels)


def test_a_plan_names_its_resources_with_their_labels():
    """So that a rule on a label binds a question."""
    plan = Planner(_catalog()).plan(Question(metrics=("payroll",), group_by=(GroupBy(member="person__mail"),)))
    assert not isinstance(plan, Problems), str(plan)
    assert {str(each): each.labels for each in plan.resources} == {
        "metric:payroll": ("confidential",),
        "dimension:people.mail": ("contact", "personal"),
        "dataset:people": ("internal",),
    }


def test_labels_change_the_catalog_and_no_definition():
    """No number depends on a label; the catalog's version does."""
    one, other = _catalog(), _catalog(_TEXT.replace("[personal, contact]", "[personal]").replace("internal", "secret"))
    assert one.metrics["payroll"].header.definition_version == other.metrics["payroll"].header.definition_version
    assert one.version != other.version
    assert labels_in(one) == ("confidential", "contact", "internal", "pay", "personal")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[personal, contact]", "[Very Secret]", "'very-secret'"),
        ("sensitivity: internal", "sensitivity: '*'", "not a label"),
        ("name: pay,", "name: 'pay check',", "column"),
        ("name: pay,", "name: EMAIL,", "twice"),
    ],
)
def test_a_label_that_policy_could_not_name_is_refused(old, new, said):
    """A label that no pattern covers would protect nothing."""
    found = load([("m.yaml", _TEXT.replace(old, new))])
    assert isinstance(found, Problems)
    assert said in str(found)


def test_a_label_on_a_column_that_the_table_lacks_is_told():
    """A misspelt column would leave the true one open."""
    catalog = _catalog(_TEXT.replace("name: pay,", "name: pya,"))
    names = ("id", "email", "pay", "phone_no", "town")
    columns = tuple(Column(name=name, type=DataType.STRING) for name in names)
    found = [each for each in check(catalog, {("main", "people"): columns}) if "pya" in each.message]
    assert [each.code.name for each in found] == ["E_NO_SUCH_COLUMN"]
    assert found[0].hint
    assert "pay" in found[0].hint
