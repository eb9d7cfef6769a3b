"""What is depended on is named with its reason and licensed as allowed, and hosted CI finds what the tests need."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from tests.contracts import servers

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCKED = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
REFUSED = re.compile(
    r"\b(A?GPL|GNU (Affero )?General Public|SSPL|Server Side Public|BUSL|Business Source)", re.IGNORECASE
)
LESSER = {"psycopg", "psycopg-binary"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> Iterator[str]:
    """Every requirement that pyproject states, of the product, its extras and its development."""
    project = PROJECT["project"]
    yield from project["dependencies"]
    for extra in (*project["optional-dependencies"].values(), *PROJECT["dependency-groups"].values()):
        yield from extra


def licence(name: str) -> str | None:
    """What an installed package states; None where it is not installed, as on another system."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return None
    classifiers = [each for each in stated.get_all("Classifier") or [] if each.startswith("License ::")]
    return " ".join([stated.get("License-Expression") or stated.get("License") or "", *classifiers]).strip()


def test_no_locked_package_has_a_licence_that_is_refused() -> None:
    """What is installed of the lock states a licence, and none that binds who uses it; lesser ones by name."""
    stated = {name: licence(name) for name in LOCKED}
    known = {name: text for name, text in stated.items() if text is not None}
    assert len(known) > 80
    assert [name for name, text in known.items() if not text] == []
    assert {name: text for name, text in known.items() if REFUSED.search(text.replace("LGPL", ""))} == {}
    assert {name for name, text in known.items() if "LGPL" in text} <= LESSER


def test_the_licence_check_knows_what_it_refuses() -> None:
    """Names of refused licences are found in the forms in which packages state them, and of no others."""
    refused = ["GPL-3.0-only", "AGPL-3.0", "GNU General Public License v2", "BUSL-1.1", "SSPL-1.0"]
    assert [text for text in refused if not REFUSED.search(text)] == []
    assert [text for text in ("MIT", "BSL-1.0", "MPL-2.0 AND (Apache-2.0 OR MIT)") if REFUSED.search(text)] == []


def test_every_direct_dependency_is_named_with_its_reason() -> None:
    """Decision 2 names each, and each is in the lock."""
    page = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    words = {normal(word) for word in re.findall(r"[\w.-]+\w", page)}
    names = {normal(re.match(r"[\w.-]+", each).group()) for each in direct()}
    exporters = {"opentelemetry-exporter-otlp-proto-http", "opentelemetry-sdk"}
    assert exporters <= names, "the page names these by their ends"
    assert names - exporters - words == set()
    assert names - {normal(name) for name in LOCKED} == set()


def test_every_exact_pin_says_why() -> None:
    """`docs/dependencies.md` has each with its version, and none that is gone."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    pins = {each for each in direct() if "==" in each.partition(";")[0]}
    assert pins
    assert set(re.findall(r"`([\w\[\].-]+==[\w.]+)`", page)) == pins


def test_hosted_ci_runs_the_same_and_finds_the_servers() -> None:
    """It calls `.ci/run`, and its servers stand where its variables and the tests look for them."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == ".ci/run"
    assert all(re.fullmatch(r"[\w/-]+@(v\d+|[0-9a-f]{40})", step["uses"]) for step in job["steps"] if "uses" in step)
    source = Path(servers.__file__).read_text(encoding="utf-8")
    images = {"METRICGATE_TEST_POSTGRES": "postgres:15", "METRICGATE_TEST_MARIADB": "mariadb:10.11"}
    assert set(job["env"]) == set(images)
    for variable, image in images.items():
        assert f'"{variable}", "{job["env"][variable]}"' in source
        (service,) = (each for each in job["services"].values() if each["image"] == image)
        assert service["ports"] == [f"{urlsplit(job['env'][variable]).port}:{urlsplit(job['env'][variable]).port}"]
