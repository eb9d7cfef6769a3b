"""How the tests open ledgers."""

import time

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_keys import load_signer
from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger

NAME = "metricgate/test"


class SystemClock:
    """The machine's clock."""

    def unix_nano(self):
        """Nanoseconds."""
        return time.time_ns()

    def monotonic(self):
        """Seconds."""
        return time.monotonic()


def signer(folder):
    return load_signer(folder / "ledger.key", folder / "ledger.vkey", name=NAME)


def opened(folder, **options):
    return SqliteLedger(folder / "ledger.db", signer=signer(folder), clock=SystemClock(), **options)


def verify(folder, earlier=None, file="ledger.db"):
    return verify_file(folder / file, (folder / "ledger.vkey").read_text(), earlier)


def kinds(report):
    return {str(finding.kind) for finding in report.findings}
