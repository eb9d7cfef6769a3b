"""Definitions of a project as they stand, or as they stood at a git revision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from metricgate.adapters.revisions.git import GitRevision
from metricgate.definitions.files import Documents, read_documents
from metricgate.documents import read
from metricgate.settings.document import Paths, ProjectSettingsDocument
from metricgate.settings.settings import FILE_NAME, Settings
from metricgate.vocabulary.problem import Problems


def documents_at(
    folder: Path, settings: Settings, path_of: Callable[[Paths], str], revision: str | None
) -> Documents | Problems:
    """Return (file, YAML text) of a folder of definitions; at a revision, of the one that its own settings name."""
    if revision is None:
        return read_documents(folder, path_of(settings.document.paths))
    found = GitRevision.of(folder, revision)
    if isinstance(found, Problems):
        return found
    written = found.texts(FILE_NAME)
    if isinstance(written, Problems):
        return written
    document = read(FILE_NAME, dict(written).get(FILE_NAME, ""), ProjectSettingsDocument)
    return document if isinstance(document, Problems) else found.texts(path_of(document.value.paths))
