"""What a user can meet is documented: codes, settings, tools, variables, events, rules; and links lead somewhere."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import metricgate
from metricgate.gateway.tools import TOOLS
from metricgate.ledger.events.registry import EVENTS
from metricgate.policy import kinds
from metricgate.policy.rule_kinds import BUILT_IN
from metricgate.settings.document import ProjectSettingsDocument
from metricgate.settings.extension_points import SINKS, WAREHOUSES
from metricgate.vocabulary.problem import Code

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "metricgate"


def modules() -> Iterator[str]:
    """Every module called ``codes``, and every other that keeps a tuple of its own."""
    for found in pkgutil.walk_packages(metricgate.__path__, "metricgate."):
        own = SOURCE.parent.joinpath(*found.name.split(".")).with_suffix(".py")
        if own.exists() and re.search(r"^CODES(: .+)? = ", own.read_text(encoding="utf-8"), re.MULTILINE):
            yield found.name


def codes() -> list[Code]:
    return [code for name in modules() for code in importlib.import_module(name).CODES]


def texts(folder: Path, pattern: str) -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob(pattern)}


def section(page: str, heading: str) -> str | None:
    """Return the text under a heading, or None where the page has no such heading."""
    found = re.search(rf"^(#+) `?{re.escape(heading)}`?\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    return None if found is None else found.group(2)


def unwrapped(text: str) -> str:
    """The words alone: line ends and marks of code do not count."""
    return re.sub(r"\s+", " ", text.replace("`", ""))


def test_code_modules_are_found() -> None:
    """The walk finds the rooms' codes: if it found none, the tests below would hold for nothing."""
    assert {"metricgate.planning.codes", "metricgate.gateway.codes"} <= set(modules())
    assert len(codes()) > 100


def test_code_names_are_unique_and_well_formed() -> None:
    """One name is one cause, across all rooms."""
    names = Counter(code.name for code in codes())
    assert [name for name, count in names.items() if count > 1] == []
    assert [name for name in names if not re.fullmatch(r"E_[A-Z0-9_]+", name)] == []


def test_every_code_that_is_made_is_in_a_tuple() -> None:
    """A constant that its module's `CODES` forgets would escape the tests here."""
    listed = {code.name for code in codes()}
    made: set[str] = set()
    for name in modules():
        made |= {value.name for value in vars(importlib.import_module(name)).values() if isinstance(value, Code)}
    assert made - listed == set()
    constants = [
        name
        for name, text in texts(SOURCE, "*.py").items()
        if re.search(r"^[A-Z_]+ = (Code|_code)\(", text, re.MULTILINE) and not re.search(r"^CODES", text, re.MULTILINE)
    ]
    assert constants == []


@pytest.mark.parametrize("code", codes(), ids=lambda code: code.name)
def test_every_code_is_documented(code: Code) -> None:
    """Its group's page has its heading, cause, cure and status."""
    page = DOCS / "errors" / f"{code.group}.md"
    assert page.exists()
    text = section(page.read_text(encoding="utf-8"), code.name)
    assert text is not None
    assert unwrapped(code.cause) in unwrapped(text)
    assert unwrapped(code.cure) in unwrapped(text)


def test_no_page_documents_a_code_that_is_gone() -> None:
    """Every `E_...` heading is a code of that page's group."""
    known = {(code.group, code.name) for code in codes()}
    for name, text in texts(DOCS / "errors", "*.md").items():
        group = Path(name).stem
        for heading in re.findall(r"^#+ `?(E_[A-Z0-9_]+)`?$", text, re.MULTILINE):
            assert (group, heading) in known, (name, heading)


def test_every_group_is_in_the_index() -> None:
    """`docs/errors/README.md` links each page."""
    index = (DOCS / "errors" / "README.md").read_text(encoding="utf-8")
    for page in (DOCS / "errors").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = [part for part in (field.annotation, *getattr(field.annotation, "__args__", ())) if is_section(part)]
        if inner:
            for part in inner:
                yield from keys_of(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def is_section(part: object) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def test_every_setting_is_documented() -> None:
    """Each key of `metricgate.yaml` and of each plugin's section has its row, and no row is of a gone key."""
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    wanted = {key for key in keys_of(ProjectSettingsDocument) if key not in {"warehouse", "notifications"}}
    for plugin in WAREHOUSES.installed().values():
        wanted |= {f"warehouse.{key}" for key in keys_of(plugin.section)}
    for sink in SINKS.installed().values():
        wanted |= {f"notifications.{key}" for key in keys_of(sink.section)}
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE)) == wanted


def test_every_variable_of_the_environment_is_documented() -> None:
    """What the sources read is in `docs/settings.md`, and nothing else."""
    read = {name for text in texts(SOURCE, "*.py").values() for name in re.findall(r"METRICGATE_[A-Z_]*[A-Z]", text)}
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(METRICGATE_[A-Z_]+)` \|", text, re.MULTILINE)) == read


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.definition.name)
def test_every_tool_is_documented(tool) -> None:
    """Its section has the description that clients see, each argument with its meaning, and a call with an answer."""
    text = section((DOCS / "tools.md").read_text(encoding="utf-8"), tool.definition.name)
    assert text is not None
    assert tool.definition.description in text
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", text, re.MULTILINE))
    arguments = tool.definition.input_schema["properties"]
    assert set(rows) == set(arguments)
    for name, part in arguments.items():
        assert part["description"] in rows[name]
    assert text.count("```json") == 2
    assert "Errors: " in text


def test_every_event_of_the_record_is_documented() -> None:
    """Each event that the sources write is in the table of `docs/record.md`."""
    text = (DOCS / "record.md").read_text(encoding="utf-8")
    assert {event.NAME for event in EVENTS if f"`{event.NAME}`" not in text} == set()


def test_every_kind_of_rule_is_documented() -> None:
    """Each key of a policy document is shown in `docs/writing-policy.md`, and each kind has its heading."""
    text = (DOCS / "writing-policy.md").read_text(encoding="utf-8")
    for key in BUILT_IN.file.model_fields:
        assert re.search(rf"^{key}:", text, re.MULTILINE) or f"`{key}`" in text, key
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    for found in pkgutil.iter_modules(kinds.__path__):
        words = found.name.replace("_", " ").capitalize()
        assert words in headings or found.name == "principals", found.name


def anchors(text: str) -> set[str]:
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        found.add(re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-"))
    return found


PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
    if "node_modules" not in path.parts
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the repository names one that is there, with the heading that it points to."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there.read_text(encoding="utf-8")), target


def test_no_page_names_this_machine() -> None:
    """Nothing that was written here points to a place where it was written."""
    for name, text in {**texts(DOCS, "*.md"), **{path.name: path.read_text() for path in ROOT.glob("*.md")}}.items():
        assert not re.search(r"/(?:work|root)/", text), name


def test_the_changelog_has_its_form() -> None:
    """Unreleased first, then versions with a day; sections are those of Keep a Changelog, in one order, none twice."""
    _head, *parts = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    versions = [part.partition("\n")[0] for part in parts]
    assert versions[0] == "[Unreleased]"
    assert [each for each in versions[1:] if not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each)] == []
    order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for part in parts:
        sections = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert sections == [each for each in order if each in sections], sections
        before = part.partition("### ")[0]
        assert not re.search(r"^- ", before, re.MULTILINE), "a line stands in no section"
