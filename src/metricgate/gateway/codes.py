"""Codes of the gateway: how calls go wrong before, beside and after the question itself."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _gateway_code(name: str, status: int, cause: str, cure: str) -> Code:
    group = "warehouse" if name.startswith("E_WAREHOUSE") else "gateway"
    return Code(name=name, group=group, status=status, cause=cause, cure=cure)


UNKNOWN_TOOL = _gateway_code(
    "E_UNKNOWN_TOOL",
    404,
    "No tool of that name exists.",
    "Take a name from the list of tools; the nearest names are in the hint.",
)
ARGUMENTS_NOT_OBJECT = _gateway_code(
    "E_ARGUMENTS_NOT_OBJECT",
    422,
    "The arguments are not a JSON object.",
    "Send an object whose keys are the tool's argument names.",
)
UNKNOWN_ARGUMENT = _gateway_code(
    "E_UNKNOWN_ARGUMENT",
    422,
    "An argument has a name that the tool does not know. Nothing ran, so that nothing is silently ignored.",
    "Use the corrected call in the details, or leave the argument out.",
)
INVALID_ARGUMENT = _gateway_code(
    "E_INVALID_ARGUMENT",
    422,
    "An argument is missing or has a value of the wrong form.",
    "Give a value of the form that the message names.",
)
ARGUMENTS_TOO_LARGE = _gateway_code(
    "E_ARGUMENTS_TOO_LARGE",
    413,
    "The arguments are larger or more deeply nested than any question needs.",
    "Ask with shorter lists and values; split the question.",
)
UNKNOWN_SAVED_QUERY = _gateway_code(
    "E_UNKNOWN_SAVED_QUERY",
    404,
    "There is no saved query of that name, or it asks for a metric that the caller may not see.",
    "Take a name from the hint, or ask with `metrics` and `group_by`.",
)
METRIC_DRAFT = _gateway_code(
    "E_METRIC_DRAFT",
    403,
    "The metric is a draft, and no rule lets the caller query drafts: its definition may still change or be dropped.",
    "Ask one of the metrics in the details, or ask its owner to make it active; a steward may grant `query_draft`.",
)
METRIC_RETIRED = _gateway_code(
    "E_METRIC_RETIRED",
    410,
    "The metric is deprecated and its sunset date has passed.",
    "Ask for its replacement, which the details name where there is one.",
)
VERSION_CHANGED = _gateway_code(
    "E_VERSION_CHANGED",
    409,
    "The question pins a definition version that is not in force, so that its numbers would mean something else.",
    "Look at the definition with describe_metric, then pin the version in force or leave the pin out.",
)
MASKED_COLUMN = _gateway_code(
    "E_MASKED_COLUMN",
    403,
    "A column that policy masks for the caller is used for more than being shown.",
    "Show the column, and leave it out of filters, groups, order, joins and aggregates; the hint says what is allowed.",
)
KEY_NOT_UNIQUE = _gateway_code(
    "E_KEY_NOT_UNIQUE",
    409,
    "A key that the question joins by is declared to be one row's and is not: rows would count more than once.",
    "Ask without members of that dataset; its owner mends the table, or the declaration of the key.",
)
HISTORY_OVERLAPS = _gateway_code(
    "E_HISTORY_OVERLAPS",
    409,
    "A history that the question joins has several rows of one key that hold at once: rows would count more than once.",
    "Ask without members of that dataset; its owner mends the starts and ends of the rows.",
)
SPINE_BROKEN = _gateway_code(
    "E_SPINE_BROKEN",
    409,
    "A time spine that the question goes by lacks moments, or has some twice: numbers would be dropped or doubled.",
    "Its owner mends the relation, or takes the time spine out: moments are made where none is declared.",
)
SPINE_TOO_SHORT = _gateway_code(
    "E_SPINE_TOO_SHORT",
    409,
    "The question asks for a period that the time spine has in part, and there are rows in the other part, which would "
    "be cut.",
    "Ask for whole periods between the spine's ends, or by day; its owner makes the time spine longer or takes it out.",
)
SMALL_GROUPS = _gateway_code(
    "E_SMALL_GROUPS",
    403,
    "Policy hides small groups of a dataset from the caller. The question has one, or could show one by what it leaves "
    "out.",
    "Ask one plain sum, count or average by few and coarse groups (day, month, quarter, year), without filter or time "
    "range.",
)
NO_SUCH_DATASET = _gateway_code(
    "E_NO_SUCH_DATASET",
    404,
    "There is no dataset of that name, or none that the caller may read.",
    "Take a name from describe_dataset without arguments.",
)
SPANS_WAREHOUSES = _gateway_code(
    "E_SPANS_WAREHOUSES",
    422,
    "The question reads from models in different warehouses, and one statement reads from one.",
    "Ask for the metrics one by one, each with members of its own warehouse, and put the answers together.",
)
NO_SUCH_WAREHOUSE = _gateway_code(
    "E_NO_SUCH_WAREHOUSE",
    404,
    "There is no warehouse of that name, or none with a dataset that the caller may read.",
    "Take a name from describe_dataset, or leave the argument out.",
)
WHICH_WAREHOUSE = _gateway_code(
    "E_WHICH_WAREHOUSE",
    409,
    "The datasets that the caller may read are in several warehouses, and the call does not say in which one to ask.",
    "Give `warehouse`; describe_dataset says where each dataset is and in which dialect to write.",
)
AGENT_STOPPED = _gateway_code(
    "E_AGENT_STOPPED",
    403,
    "A person stopped this agent, this user, or everything; nothing is served until the switch is taken back.",
    "Stop calling and tell your user. A person takes the switch back with `metricgate switch off`.",
)
FROZEN = _gateway_code(
    "E_FROZEN",
    403,
    "A person froze changes: reading goes on, nothing may be changed.",
    "Do not try again another way; tell your user. A person ends the freeze with `metricgate switch off`.",
)
AGENT_PAUSED = _gateway_code(
    "E_AGENT_PAUSED",
    429,
    "The agent was refused many different calls in a short time and waits.",
    "Wait as long as the details say, and find out from the refusals what is allowed before you go on.",
)
REPEATED_CALL = _gateway_code(
    "E_REPEATED_CALL",
    429,
    "The agent repeats itself: the same call, or the same circle of calls, with the same outcome each time.",
    "Use the answer that you have, change the question, or tell your user that you are stuck.",
)
BUDGET_SPENT = _gateway_code(
    "E_BUDGET_SPENT",
    429,
    "A rule of policy limits how many calls or rows there are, at once, a minute or a day, and that is used up.",
    "Wait as long as the details say; ask fewer and larger questions. A steward may change the limit.",
)
NO_SUCH_RECORD = _gateway_code(
    "E_NO_SUCH_RECORD",
    404,
    "The ledger has no record of that number, or none that the caller may read.",
    "Use the number from `record.index` of one of your own answers.",
)
LEDGER_UNAVAILABLE = _gateway_code(
    "E_LEDGER_UNAVAILABLE",
    503,
    "The record could not be made durable, so nothing was run or, where it ran, nothing is returned.",
    "Ask again later; the operator finds the reason in the log (disk full, read-only, locked).",
)
INTERNAL = _gateway_code(
    "E_INTERNAL",
    500,
    "The gateway met a state that it was not built for; the call was stopped and recorded.",
    "Report the record number to the operator.",
)

WAREHOUSE_TIMEOUT = _gateway_code(
    "E_WAREHOUSE_TIMEOUT",
    504,
    "The query was still waiting or running when its time limit ended, and was stopped.",
    "Ask for less (a shorter time range, fewer groups, a filter), or ask a steward for a longer limit.",
)
WAREHOUSE_CANCELLED = _gateway_code(
    "E_WAREHOUSE_CANCELLED",
    503,
    "The query was stopped before it ended, because the gateway is shutting down.",
    "Ask again when the gateway is back.",
)
WAREHOUSE_MEMORY = _gateway_code(
    "E_WAREHOUSE_MEMORY",
    507,
    "The query needed more memory or spill space than the engine may use.",
    "Ask for less, or let the operator raise memory_limit or spill_limit.",
)
WAREHOUSE_UNAVAILABLE = _gateway_code(
    "E_WAREHOUSE_UNAVAILABLE",
    503,
    "The warehouse cannot be opened or does not take queries.",
    "Let the operator check that the database is where the configuration says, and that nobody writes to it.",
)
WAREHOUSE_FAILED = _gateway_code(
    "E_WAREHOUSE_FAILED",
    502,
    "The engine refused the statement or failed while running it.",
    "Run `metricgate validate` to compare the models with the tables; the record holds the engine's words.",
)

WAREHOUSE_CHANGED = _gateway_code(
    "E_WAREHOUSE_CHANGED",
    503,
    "The type of a column that decides what the question means changed while it was planned, and changed again when it "
    "was tried once more. Nothing was answered.",
    "Ask again.",
)
WAREHOUSE_TIME_ZONE = _gateway_code(
    "E_WAREHOUSE_TIME_ZONE",
    501,
    "The server does not know a time zone that the question converts times from or to.",
    "Ask in the zone of the stored times, or let the operator load the server's time zone tables.",
)

WAREHOUSE_CODES = {
    code.name: code
    for code in (
        WAREHOUSE_TIMEOUT,
        WAREHOUSE_CANCELLED,
        WAREHOUSE_MEMORY,
        WAREHOUSE_UNAVAILABLE,
        WAREHOUSE_FAILED,
        WAREHOUSE_CHANGED,
        WAREHOUSE_TIME_ZONE,
    )
}
"""How a warehouse may fail, the same codes for every engine; adapters raise them by name."""

CODES = (
    UNKNOWN_TOOL,
    ARGUMENTS_NOT_OBJECT,
    UNKNOWN_ARGUMENT,
    INVALID_ARGUMENT,
    ARGUMENTS_TOO_LARGE,
    UNKNOWN_SAVED_QUERY,
    METRIC_DRAFT,
    METRIC_RETIRED,
    VERSION_CHANGED,
    MASKED_COLUMN,
    KEY_NOT_UNIQUE,
    HISTORY_OVERLAPS,
    SPINE_BROKEN,
    SPINE_TOO_SHORT,
    SMALL_GROUPS,
    NO_SUCH_DATASET,
    SPANS_WAREHOUSES,
    NO_SUCH_WAREHOUSE,
    WHICH_WAREHOUSE,
    AGENT_STOPPED,
    FROZEN,
    AGENT_PAUSED,
    REPEATED_CALL,
    BUDGET_SPENT,
    NO_SUCH_RECORD,
    LEDGER_UNAVAILABLE,
    INTERNAL,
    *WAREHOUSE_CODES.values(),
)
