"""Plain values -> YAML text that ``documents`` reads back as the same values."""

from __future__ import annotations

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from metricgate.documents.scalars import scalar
from metricgate.vocabulary.json import Json

_WIDTH = 120


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML ships no types
    """Writes lists indented, repeated parts in full, and quotes every text that would be read as something else."""

    def ignore_aliases(self, data: object) -> bool:
        """Repeat instead of anchoring: aliases are for people who write, and cost limits when read."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's
        """Indent lists below their key."""
        del indentless
        super().increase_indent(flow, False)


def _represent_text(dumper: _Dumper, text: str) -> yaml.Node:
    style = None
    if not text.replace("\n", "").isprintable():
        style = '"'  # where every unusual character can be spelled out
    elif not isinstance(scalar(text, plain=True), str):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def to_yaml(value: Json) -> str:
    """Return block-style YAML, keys in the order given."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    return text
