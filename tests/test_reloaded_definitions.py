"""Definitions loaded again after an edit are what a load from nothing gives: values, digests, problems, their order."""

import random
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest

from metricgate.bootstrap.definition_source import definition_source
from metricgate.definitions.kinds import KINDS, DefinitionKind
from metricgate.definitions.loader import DefinitionLoader, load_definitions
from metricgate.definitions.source import DefinitionSource
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Code, Problem, Problems

MODELS = """semantic_models:
  - name: m{n}
    source: main.t{n}
    agg_time_dimension: at
    entities:
      - {{name: e{n}, type: primary, expr: id}}
      - {{name: e{next}, type: foreign, expr: other_id}}
    dimensions:
      - {{name: at, type: time, expr: created, granularity: day}}
      - {{name: kind, type: categorical}}
metrics:
  - {{name: x{n}, domain: d{n}, owner: o, description: Words., type: simple, semantic_model: m{n}, agg: sum,
      expr: price * {n}}}
  - {{name: y{n}, domain: d{n}, owner: o, description: Words., type: ratio,
      numerator: d{n}.x{n}, denominator: d{next}.x{next}}}
"""
POLICIES = """version: 1
roles:
  - {{name: r{n}, members: ["agent:a{n}"]}}
grants:
  - {{id: g{n}, roles: [r{next}], actions: [query], on: ["metric:d{n}.*", "metric:d{next}.x{next}", "dataset:m{n}"]}}
row_filters:
  - {{id: f{n}, roles: [r{n}], dataset: m{n}, where: {{member: kind, op: "=", value: a}}}}
"""
ACTIONS = """actions:
  - name: act{n}
    description: Does something.
    owner: o
    target: m{n}
    statement: UPDATE m{n} SET kind = :kind WHERE e{n} = :id
    parameters:
      - {{name: kind, type: string, description: The kind., max_length: 20}}
      - {{name: id, type: integer, description: The row.}}
    inverse: journal
"""
FILES = {
    **{f"semantic_models/m{n}.yaml": MODELS.format(n=n, next=(n + 1) % 4) for n in range(4)},
    **{f"policies/p{n}.yaml": POLICIES.format(n=n, next=(n + 1) % 3) for n in range(3)},
    **{f"actions/a{n}.yaml": ACTIONS.format(n=n) for n in range(2)},
}
EDITS = (
    ("price * ", "price + "),
    ("expr: price", "expr: price +"),
    ("agg: sum", "agg: summ"),
    ("Words.", "Other words."),
    ("name: x", "name: z"),
    ("type: ratio", "type: simple"),
    ("denominator: d", "denominator: gone"),
    ("expr: id", "expr: array_agg(id)"),
    ("kind", "sort"),
    ("metric:d", "metric:e"),
    ("roles: [r", "roles: [s"),
    ("member: kind", "member: colour"),
    ("version: 1", "version: 2"),
    ("UPDATE", "DELETE FROM"),
    (":kind", ":nothing"),
    ("  - ", "\t- "),
    (": ", ":"),
)
SETTINGS = "warehouse: {kind: duckdb, file: none.duckdb}\n"


def edit(folder: Path, chance: random.Random) -> str:
    """Change, shift, break, mend, add or delete one file; return what was done."""
    name = chance.choice(list(FILES))
    path = folder / name
    match chance.choice(("change", "change", "change", "mend", "mend", "shift", "delete", "add", "copy")):
        case "mend":
            path.write_text(FILES[name])
            return f"mend {name}"
        case "delete":
            path.unlink(missing_ok=True)
            return f"delete {name}"
        case "add":
            number = chance.randrange(5, 8)
            form = {"semantic_models": MODELS, "policies": POLICIES, "actions": ACTIONS}[path.parent.name]
            path.with_name(f"new{number}.yaml").write_text(form.format(n=number, next=number % 3))
            return f"add {path.parent.name} {number}"
        case "copy":
            path.with_name("copy.yaml").write_text(FILES[name])
            return f"copy {name}"
        case "shift":
            path.write_text("# a line more\n" + (path.read_text() if path.exists() else ""))
            return f"shift {name}"
    text = path.read_text() if path.exists() else FILES[name]
    old, new = chance.choice([(old, new) for old, new in EDITS if old in text] or [("", "x")])
    path.write_text(text.replace(old, new, chance.choice((1, -1))))
    return f"change {name}: {old!r} to {new!r}"


def project(folder: Path) -> DefinitionSource:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "metricgate.yaml").write_text(SETTINGS)
    settings = load_settings(folder)
    assert isinstance(settings, Settings), str(settings)
    return definition_source(folder, settings)


def laid_open(value: object) -> object:
    """Return a value with all fields of its dataclasses, also those that do not count for equality, such as places."""
    if is_dataclass(value):
        return type(value).__name__, [(each.name, laid_open(getattr(value, each.name))) for each in fields(value)]
    if isinstance(value, Mapping):
        return [(name, laid_open(inner)) for name, inner in value.items()]
    if isinstance(value, (tuple, list)):
        return [laid_open(inner) for inner in value]
    return value if isinstance(value, (str, int, float, Enum, type(None))) else str(value)


@pytest.mark.parametrize("seed", range(12))
def test_loading_again_is_loading_from_nothing(tmp_path, seed):
    """Forty edits one after another, a load after each; most states are broken, some are mended again."""
    source, chance = project(tmp_path), random.Random(seed)  # noqa: S311 - a choice of edits
    again = DefinitionLoader(source)
    assert not isinstance(again.load(), Problems), str(again.load())
    sound = broken = 0
    for _ in range(40):
        done = edit(tmp_path, chance)
        if chance.random() < 0.15:  # all is well again
            for name, text in FILES.items():
                (tmp_path / name).write_text(text)
            for path in (*tmp_path.rglob("copy.yaml"), *tmp_path.rglob("new*.yaml")):
                path.unlink()
        found, fresh = again.load(), load_definitions(source)
        if isinstance(fresh, Problems):
            broken += 1
            assert isinstance(found, Problems), done
            assert [each.as_json() for each in found] == [each.as_json() for each in fresh], done
            continue
        sound += 1
        assert not isinstance(found, Problems), f"{done}: {found}"
        assert found.digests == fresh.digests, done
        for kind in KINDS:
            assert laid_open(found.of(kind)) == laid_open(fresh.of(kind)), (kind.name, done)
    assert min(sound, broken) >= 3


def test_only_what_changed_is_loaded_again(tmp_path):
    """Kinds whose files stand as they stood keep their very values."""
    loader = DefinitionLoader(project(tmp_path))
    first = loader.load()
    path = tmp_path / "policies" / "p0.yaml"
    path.write_text(path.read_text().replace("agent:a0", "agent:b0"))
    second = loader.load()
    assert not isinstance(first, Problems)
    assert not isinstance(second, Problems)
    assert second.catalog is first.catalog
    assert second.actions is first.actions
    assert second.digests["policies"] != first.digests["policies"]
    assert loader.load() == second


def test_a_kind_is_one_record(tmp_path):
    """A kind of a test's own is loaded, held against the catalog, versioned and loaded again as the others are."""
    unknown = Code(name="E_TOY", group="toy", status=422, cause="A toy names no metric.", cure="Name one.")
    toys: DefinitionKind[dict[str, str]] = DefinitionKind(
        name="toys",
        folder=lambda _paths: "toys",
        load=lambda documents, _source, _memory: {name: text.strip() for name, text in documents},
        digest=digest_of,
        check=lambda found, others, _source: [
            Problem(code=unknown, message=f"There is no metric {metric!r}.")
            for metric in found.values()
            if metric not in others.catalog.metrics
        ],
    )
    loader = DefinitionLoader(project(tmp_path), (*KINDS, toys))
    (tmp_path / "toys").mkdir()
    (tmp_path / "toys" / "one.yaml").write_text("d1.x1")
    first = loader.load()
    assert not isinstance(first, Problems), str(first)
    assert first.of(toys) == {"toys/one.yaml": "d1.x1"}
    assert loader.folders[-1] == "toys"
    (tmp_path / "toys" / "one.yaml").write_text("d1.gone")
    refused = loader.load()
    assert isinstance(refused, Problems)
    assert [each.message for each in refused] == ["There is no metric 'd1.gone'."]
    (tmp_path / "toys" / "one.yaml").write_text("d2.x2")
    mended = loader.load()
    assert not isinstance(mended, Problems)
    assert {name for name, digest in mended.digests.items() if digest != first.digests[name]} == {"toys"}
