"""The accounts of ``docs/least-privilege.md``, made by the statements that stand there."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "least-privilege.md"


def statements(heading: str, **names: str) -> list[str]:
    """Return the SQL under a heading of the page, statement by statement; ``names`` replace the page's own.

    A block of ``DO $$`` is one statement.
    """
    [section] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```sql\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    found = re.findall(r"(?:\$\$.*?\$\$|[^;$])+;", "".join(blocks), re.DOTALL)
    assert len(found) > 1
    texts = [text.strip().removesuffix(";") for text in found]
    for name, instead in names.items():
        texts = [re.sub(rf"\b{name}\b", instead, text) for text in texts]
    return texts
