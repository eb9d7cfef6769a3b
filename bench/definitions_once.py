"""One release loads a generated project once and then changed files, and prints CPU seconds as JSON.

Usage: python definitions_once.py FOLDER   (the release is the one on the path; see bench_definitions.py)
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from metricgate.vocabulary.problem import Problems

_ROUNDS = 3


def _settings_module() -> ModuleType:
    try:
        return importlib.import_module("metricgate.settings.settings")
    except ModuleNotFoundError:  # releases before settings had a room of their own
        return importlib.import_module("metricgate.bootstrap.settings")


def _opened(folder: Path, settings: Any) -> Any:
    try:
        hot_reload = importlib.import_module("metricgate.definitions.hot_reload")
    except ModuleNotFoundError:
        return _opened_before(folder, settings)
    judge_of = importlib.import_module("metricgate.adapters.roles.casbin_roles").casbin_judge
    source = importlib.import_module("metricgate.bootstrap.definition_source").definition_source(folder, settings)
    found = hot_reload.HotReloader.open(source, judge_of, "key")
    assert not isinstance(found, Problems), str(found)[:2_000]
    return found


def _opened_before(folder: Path, settings: Any) -> Any:
    """Open by the names of releases before definitions had a room of their own."""
    governing = importlib.import_module("metricgate.bootstrap.governing")
    if hasattr(governing.GovernanceHolder, "opened"):
        found = governing.GovernanceHolder.opened(folder, settings, "key")
        assert not isinstance(found, Problems), str(found)[:2_000]
        return found
    # Releases before definitions were a bundle.
    seen = governing.state_of_files(folder, settings)
    first = governing.load_governance(folder, settings, "key")
    assert not isinstance(first, Problems), str(first)[:2_000]
    return governing.GovernanceHolder(folder=folder, settings=settings, first=first, seen=seen)


def main() -> None:
    """Load, then change a metric's meaning, a description and a rule in turn, each until it is in force."""
    folder = Path(sys.argv[1])
    settings = _settings_module().load_settings(folder)
    assert not isinstance(settings, Problems), settings
    begin = time.process_time()
    holder = _opened(folder, settings)
    spent: dict[str, float | str] = {"start": time.process_time() - begin}
    assert len(holder.current.catalog.metrics) == 2_000
    changes = {
        "a metric changed": ("semantic_models/m007.yaml", "price * (1 - c7)", "price * (2 - c7 - {})"),
        "a description changed": ("semantic_models/m011.yaml", "Number 11.", "Number 11 in round {}."),
        "a rule changed": ("policies/grants03.yaml", "roles: [r3]", "roles: [r4, r{}]"),
    }
    for name, (file, old, new) in changes.items():
        path, times = folder / file, []
        text = path.read_text()
        assert old in text, (file, old)
        for round_ in range(_ROUNDS):
            path.write_text(text.replace(old, new.format(round_ + 5)))
            begin = time.process_time()
            result = holder.reload()
            times.append(time.process_time() - begin)
            assert result is not None, name
            assert not isinstance(result, Problems), str(result)[:2_000]
        path.write_text(text)
        assert holder.reload() is not None
        spent[name] = sorted(times)[len(times) // 2]
    spent["catalog"], spent["policy"] = holder.current.catalog.version, holder.current.judge.policy.digest
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
