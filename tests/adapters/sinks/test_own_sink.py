"""A sink that another package brings: the one that the documentation shows, installed and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.adapters.sinks.hooks import HASTY, served

from metricgate.adapters.sinks.courier import Courier
from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.notifications import outbox_of
from metricgate.bootstrap.states import state_of
from metricgate.gateway.notifications import SinkUnusable
from metricgate.settings.settings import Settings, load_settings
from metricgate.settings.sinks import sinks_of
from metricgate.vocabulary.notice import Notice, NoticeKind
from metricgate.vocabulary.problem import Problems

PAGE = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
WAREHOUSE = "project: test\nwarehouse: {kind: duckdb, file: data.duckdb}\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What installing the package would leave on the path."""
    site = tmp_path_factory.mktemp("site")
    (site / "acme_sinks.py").write_text(BLOCKS["python"])
    info = site / "acme_sinks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-sinks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[metricgate.sinks]\nfile = acme_sinks:FileSink\n")
    return site


def settings_of(folder: Path, text: str) -> Settings | Problems:
    (folder / "metricgate.yaml").write_text(WAREHOUSE + text)
    return load_settings(folder)


def test_the_sink_of_the_page_is_found_checked_and_used(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(package))
    assert 'file = "acme_sinks:FileSink"' in BLOCKS["toml"]
    settings = settings_of(tmp_path, BLOCKS["yaml"])
    assert isinstance(settings, Settings)
    with pytest.raises(SinkUnusable, match="notification archive: there is no folder told"):
        sinks_of(settings, tmp_path)
    (tmp_path / "told").mkdir()
    outbox = outbox_of(state_of(tmp_path, settings), settings, SystemClock())
    for kind in (NoticeKind.SWITCH_THROWN, NoticeKind.AGENT_PAUSED):
        outbox.tell(Notice(kind=kind, id=str(kind), at="2026-01-01T00:00:00Z", title="Stop of all", text="Why."))

    courier = Courier(outbox, sinks_of(settings, tmp_path), clock=SystemClock(), patience=HASTY)
    served(courier, lambda: not outbox.list_undelivered())
    assert {each.name: each.read_text() for each in (tmp_path / "told").iterdir()} == {"switch_thrown": "Stop of all"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {name: ops, kind: webhok, on: [switch_thrown]}", r"'webhok' is no kind of notification.*webhook"),
        ("- {name: ops, url: 'https://a.example', secert: S, secret: S, on: [switch_thrown]}", r"secret"),
        ("- {name: ops, url: 'https://a.example', secret: S, on: [switch_throwm]}", r"switch_thrown"),
        ("- {name: ops, url: 'https://a.example', secret: S, on: [agent_paused]}\n" * 2, r"two notifications.*'ops'"),
        ("- {name: ops, secret: S, on: [agent_paused]}", r"url or url_variable"),
    ],
)
def test_mistakes_have_their_place_and_reason(tmp_path: Path, text: str, said: str) -> None:
    problems = settings_of(tmp_path, f"notifications:\n{text}\n")
    assert isinstance(problems, Problems)
    [problem] = problems
    assert re.search(said, f"{problem.message} {problem.hint}")
    assert problem.where.line > 3
