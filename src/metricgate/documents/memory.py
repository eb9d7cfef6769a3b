"""Files as they were read: a text that did not change is not read a second time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from metricgate.documents.yaml_composer import DocumentLimits
from metricgate.documents.yaml_documents import Read, only_one, read_all
from metricgate.vocabulary.problem import Problems

M = TypeVar("M", bound=BaseModel)


class ReadMemory:
    """Reads files, and remembers each by its name, its text, its model and its limits, until told to forget.

    What was read is shared between those who ask: nothing changes it. A file takes some 25 times its text.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._found: dict[tuple[str, str, type[BaseModel], DocumentLimits], tuple[Read[Any], ...] | Problems] = {}

    def read_all(
        self, name: str, text: str, model: type[M], *, limits: DocumentLimits | None = None
    ) -> tuple[Read[M], ...] | Problems:
        """Read every document of a file, as ``reading.read_all``."""
        key = (name, text, model, limits or DocumentLimits())
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = read_all(name, text, model, limits=limits)
        return cast("tuple[Read[M], ...] | Problems", found)

    def read(self, name: str, text: str, model: type[M], *, limits: DocumentLimits | None = None) -> Read[M] | Problems:
        """Read a file of one document, as ``reading.read``."""
        return only_one(self.read_all(name, text, model, limits=limits))

    def forget_all_but(self, files: Iterable[tuple[str, str]]) -> None:
        """Keep these (name, text) alone."""
        kept = set(files)
        self._found = {key: found for key, found in self._found.items() if key[:2] in kept}
