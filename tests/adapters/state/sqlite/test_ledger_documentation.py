"""What can be found is what is documented."""

import re
from pathlib import Path

from metricgate.ledger.verification import FindingKind

PAGE = (Path(__file__).parents[4] / "docs/errors/ledger.md").read_text()


def test_every_finding_is_documented_with_its_exit_status():
    """``docs/errors/ledger.md`` has a section for each kind, gravest first, with exit status, cause and cure."""
    sections = re.findall(r"^## (\w+)\n\nExit status: (\d+)\n\nCause: .+?\n\nCure: ", PAGE, re.DOTALL | re.MULTILINE)
    assert sections == [(str(kind), str(kind.exit_code)) for kind in FindingKind]
