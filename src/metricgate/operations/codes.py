"""Codes of what keeps a project from being opened, served or read on this machine."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _operations_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="project", status=status, cause=cause, cure=cure)


CANNOT_START = _operations_code(
    "E_CANNOT_START",
    503,
    "The project cannot be opened: its warehouse or ledger is missing, damaged, or in use by another gateway.",
    "Do what the message says; where a gateway already runs on this project, ask it instead.",
)
WAREHOUSE_CLOSED = _operations_code(
    "E_WAREHOUSE_CLOSED",
    503,
    "The definitions are well formed, but the warehouse could not be opened to check its tables.",
    "Check the `warehouse` section of metricgate.yaml; for the demo, load the data first (`make demo`).",
)
KEYS_UNUSABLE = _operations_code(
    "E_KEYS_UNUSABLE",
    422,
    "The keys could not be read or changed.",
    "Check the state folder's permissions, and that agent and expiry are given.",
)
NO_SUCH_KEY = _operations_code(
    "E_NO_SUCH_KEY", 404, "No API key has that id.", "`metricgate keys list` shows the ids of all keys."
)
NO_LEDGER = _operations_code(
    "E_NO_LEDGER", 404, "The project has no ledger yet.", "It is made when the gateway first runs or a key is created."
)

BAD_TARGET = _operations_code(
    "E_BAD_TARGET",
    422,
    "A switch names nobody who could be stopped.",
    "Write `all`, or `agent:`, `user:`, `group:` or `tenant:` and a name.",
)
NO_SUCH_SWITCH = _operations_code(
    "E_NO_SUCH_SWITCH", 404, "No switch is thrown on that target.", "`metricgate switch list` shows what is thrown."
)
SWITCHES_UNREADABLE = _operations_code(
    "E_SWITCHES_UNREADABLE",
    500,
    "The file of the switches cannot be read or written; until it can, a gateway serves nobody.",
    "Mend `switches.json` in the state folder, or move it away: then no switch is thrown.",
)
BAD_PERSON = _operations_code(
    "E_BAD_PERSON",
    422,
    "The name is none that a person can have, is taken already, or is nobody's.",
    "`metricgate people list` shows who there is; a name is printable ASCII, e.g. ana@acme.example.",
)
PEOPLE_UNUSABLE = _operations_code(
    "E_PEOPLE_UNUSABLE",
    500,
    "The file of people in the state folder cannot be opened.",
    "Check that `people.db` in the state folder is readable and writable for this user.",
)
NO_GATEWAY = _operations_code(
    "E_NO_GATEWAY",
    503,
    "No gateway runs on the project, and people decide at a running one only.",
    "Start it with `metricgate serve`, or name another with METRICGATE_URL.",
)

NO_SUCH_SINK = _operations_code(
    "E_NO_SUCH_SINK",
    404,
    "No entry of `notifications` in metricgate.yaml has that name.",
    "Name one of them, or leave `--sink` out.",
)
NO_SUCH_NOTIFICATION = _operations_code(
    "E_NO_SUCH_NOTIFICATION",
    404,
    "No notification of that id waits or is parked for a sink that the settings name.",
    "`metricgate notifications list` shows what is not delivered.",
)
CANNOT_ERASE = _operations_code(
    "E_CANNOT_ERASE",
    409,
    "Something cannot be erased as it stands.",
    "Do what the message says first; `metricgate audit erase --dry-run` lists every copy and what blocks.",
)
NO_SUCH_DEFINITIONS = _operations_code(
    "E_NO_SUCH_DEFINITIONS",
    404,
    "No definitions came into force under that digest, or more than one did.",
    "`metricgate audit definitions` shows the digests of all that came into force.",
)

CODES = (
    CANNOT_START,
    WAREHOUSE_CLOSED,
    KEYS_UNUSABLE,
    NO_SUCH_KEY,
    NO_LEDGER,
    BAD_TARGET,
    NO_SUCH_SWITCH,
    SWITCHES_UNREADABLE,
    BAD_PERSON,
    PEOPLE_UNUSABLE,
    NO_GATEWAY,
    NO_SUCH_SINK,
    NO_SUCH_NOTIFICATION,
    CANNOT_ERASE,
    NO_SUCH_DEFINITIONS,
)
