"""The pages on metric types are run: their model over their data, asked their questions, says what they show.

On each page of ``docs/metrics/`` the first ```` ```yaml ```` block is a whole file of definitions and the ```` ```sql
```` block that makes tables is the data. Every command of a console block is run on them (``tests/console.py`` says how
outputs are compared), and a ```` ```json ```` block asks what the last command before it asked. Other YAML blocks are
wrong on purpose, with the code of their refusal in a comment.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic.fields import FieldInfo
from tests.console import blocks, commands
from tests.pages import EVERYTHING, Project, made, said_as_shown

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.catalog.documents.metric import HeaderDocument
from metricgate.catalog.documents.saved_query import QueryParametersDocument, SavedQueryDocument
from metricgate.catalog.metric_types import BUILT_IN
from metricgate.documents import Document
from metricgate.vocabulary.problem import Problems

FOLDER = Path(__file__).parents[1] / "docs" / "metrics"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
OF_ALL = set(HeaderDocument.model_fields) | {"type"}
"""Keys of every metric, on the page of all types."""
INNER_OF_ALL = {"name", "alias", "filter"}
"""Of documents inside of metrics: they mean everywhere the same."""


def documents_in(form: object) -> Iterator[type[Document]]:
    """Yield the kinds of documents that a field's form may hold."""
    if isinstance(form, type) and issubclass(form, Document):
        yield form
    for part in get_args(form):
        yield from documents_in(part)


def own_fields(document: type[Document]) -> dict[str, FieldInfo]:
    return {key: field for key, field in document.model_fields.items() if key not in OF_ALL}


def inner_keys(document: type[Document]) -> set[str]:
    """Return the keys of documents inside of a type's own fields."""
    inner = [each for field in own_fields(document).values() for each in documents_in(field.annotation)]
    return {key for each in inner for key in each.model_fields} - INNER_OF_ALL


TYPES = {get_args(each.document.model_fields["type"].annotation)[0]: each.document for each in BUILT_IN.types}
OPTIONS = {
    **{word: (set(own_fields(document)), inner_keys(document)) for word, document in TYPES.items()},
    "saved-queries": ({*SavedQueryDocument.model_fields, *QueryParametersDocument.model_fields} - {"name"}, set()),
}
"""Page -> keys of which each has a row in its table, and keys inside of these that may have one."""


@pytest.fixture(scope="module", params=PAGES, ids=lambda page: page.stem)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Each page's project."""
    page = request.param.read_text(encoding="utf-8")
    return made(tmp_path_factory.mktemp(request.param.stem), page, blocks(page, "yaml")[0], EVERYTHING)


def test_every_command_says_what_the_page_shows(project: Project) -> None:
    """An answer's rows or a statement on standard output, a refusal with its code and hint on standard error."""
    codes = said_as_shown(project)
    assert codes == {0, 3}, "a page shows answers and a refusal"


def test_the_question_as_json_has_the_same_answer(project: Project) -> None:
    """The arguments of ``query_metrics`` ask what the command above them asks."""
    (question,) = blocks(project.page, "json")
    before = project.page[: project.page.index(f"```json\n{question}")]
    command = commands(blocks(before, "console")[-1])[-1].command
    _program, query, *options = shlex.split(command)
    assert query == "query"
    asked = project.run("query", *options, "--json")
    told = project.run("call", "query_metrics", question)
    assert (asked.exit_code, told.exit_code) == (0, 0), told.output
    first, second = (json.loads(each.stdout)["answer"] for each in (asked, told))
    assert first["rows"]
    assert (first["columns"], first["rows"]) == (second["columns"], second["rows"])


def test_what_is_wrong_on_purpose_is_refused(project: Project) -> None:
    """Each further block of YAML is refused with the code that its comment names, put beside the page's model."""
    model, *wrong = blocks(project.page, "yaml")
    for text in wrong:
        (code,) = re.findall(r"# (E_[A-Z_]+)", text)
        found = load([("page.yaml", model), ("wrong.yaml", text)])
        assert isinstance(found, Problems), text
        assert {problem.code.name for problem in found} == {code}
        assert f"#{code.lower()}" in project.page


def test_every_option_is_in_the_table(project: Project) -> None:
    """Each key that this kind of definition may have beside those of all metrics has its row; no stranger has one."""
    kind = next(page.stem for page in PAGES if page.read_text(encoding="utf-8") == project.page)
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", project.page, re.MULTILINE)) - INNER_OF_ALL
    own, inner = OPTIONS[kind]
    assert own <= rows <= own | inner


def test_every_option_inside_of_another_is_in_a_table() -> None:
    """An input's key may stand on one page for all that have inputs; on which, its table says."""
    rows = "\n".join(re.findall(r"^\| `.*$", "\n".join(page.read_text("utf-8") for page in PAGES), re.MULTILINE))
    inner = set().union(*(inner for _own, inner in OPTIONS.values()))
    assert {"window_choice", "offset_window", "base_property"} <= inner
    assert [key for key in sorted(inner) if not re.search(rf"\b{key}\b", rows)] == []


def test_every_kind_has_its_page() -> None:
    """One page per metric type, all in the index and the guide; every model is of the type that its page is about."""
    assert {page.stem for page in PAGES} == set(OPTIONS)
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    guide = (FOLDER.parent / "writing-metrics.md").read_text(encoding="utf-8")
    assert [word for word in TYPES if f"| [`{word}`](metrics/{word}.md) |" not in guide] == []
    for page in PAGES:
        assert f"({page.name})" in index
        found = load([("page.yaml", blocks(page.read_text(encoding="utf-8"), "yaml")[0])])
        assert isinstance(found, Catalog), str(found)
