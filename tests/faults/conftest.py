"""A project with slow views, and a gateway that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.served import Served, served, slow_project
from tests.gateway.conftest import write_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return slow_project(tmp_path / "project")


@pytest.fixture
def gate(folder: Path) -> Iterator[Served]:
    with served(folder) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")
