"""The command line: a door like the others. It asks through an injected ``Project`` and prints what comes back."""

from metricgate.surfaces.cli.app import build_app
from metricgate.surfaces.cli.project import Exit, Opener, Project, Reply, VerifyLedger

__all__ = ["Exit", "Opener", "Project", "Reply", "VerifyLedger", "build_app"]
