"""Codes of the command line: what can be wrong before the gateway is asked."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _cli_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=name, group="cli", status=400, cause=cause, cure=cure)


NO_PROJECT = _cli_code(
    "E_CLI_NO_PROJECT",
    "The folder has no metricgate.yaml.",
    "Name the project folder with --project DIR, or make one with `metricgate init DIR`.",
)
NO_KEY = _cli_code(
    "E_CLI_NO_KEY",
    "The command asks the gateway, and there is no anonymous access, but no API key was given.",
    "Set METRICGATE_API_KEY or name a file with --key-file; `metricgate keys create AGENT` makes a key.",
)
BAD_OPTION = _cli_code(
    "E_CLI_BAD_OPTION",
    "An option's value has the wrong form, or options contradict each other.",
    "Give the value in the form that the message names.",
)
FILE_IN_THE_WAY = _cli_code(
    "E_CLI_FILE_IN_THE_WAY",
    "The command would overwrite a file.",
    "Choose another folder or file, or move the one that is there.",
)
UNREADABLE_FILE = _cli_code(
    "E_CLI_UNREADABLE_FILE",
    "A file that the command line names cannot be read or written.",
    "Check the path and who may read it.",
)
NO_SUCH_ENTRY = _cli_code(
    "E_CLI_NO_SUCH_ENTRY",
    "The ledger has no entry of that number.",
    "`metricgate audit list` shows the numbers.",
)
NOT_JSON = _cli_code(
    "E_CLI_NOT_JSON",
    "An argument that must be JSON is not.",
    "Quote the JSON for your shell, usually in single quotes.",
)
UNREADABLE_REPLY = _cli_code(
    "E_CLI_UNREADABLE_REPLY",
    "What answered is not a Metricgate gateway of this release.",
    "Check METRICGATE_URL and the releases of both sides.",
)

CODES = (NO_PROJECT, NO_KEY, BAD_OPTION, FILE_IN_THE_WAY, UNREADABLE_FILE, NO_SUCH_ENTRY, NOT_JSON, UNREADABLE_REPLY)
