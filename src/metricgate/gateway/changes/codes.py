"""Codes of changes: why one is not planned, not carried out, not decided on, not taken back."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _writing_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="writing", status=status, cause=cause, cure=cure)


NOT_WRITABLE = _writing_code(
    "E_NOT_WRITABLE",
    409,
    "The warehouse that holds the table is not opened for changes.",
    "The operator opens it: `writer` under a PostgreSQL or MariaDB warehouse, `writes: true` under a DuckDB one.",
)
NOT_CHANGEABLE = _writing_code(
    "E_NOT_CHANGEABLE",
    422,
    "The target is a view, a foreign or partitioned table, or one that its engine cannot roll back.",
    "Name the ordinary table behind it; a MariaDB table must be of a transactional engine such as InnoDB.",
)
UNKNOWN_TARGET = _writing_code(
    "E_WRITE_UNKNOWN_TARGET",
    422,
    "The statement changes a table that is no dataset that you may change. Hidden and missing ones look the same.",
    "Name a dataset that the answer lists.",
)
UNKNOWN_COLUMN = _writing_code(
    "E_WRITE_UNKNOWN_COLUMN",
    422,
    "The statement sets a column that the table does not have, or that its engine computes.",
    "Use the nearest name, or leave the column out.",
)
NO_KEY = _writing_code(
    "E_WRITE_NO_KEY",
    422,
    "The table has no key by which its rows could be told apart, so that no change of it could be shown or taken back.",
    "The table's owner adds a primary key, or a unique key over columns that are never NULL.",
)
MASKED_SOURCE = _writing_code(
    "E_WRITE_MASKED_SOURCE",
    403,
    "A change finds its rows, or computes its values, from a column whose values are masked for you.",
    "Leave the column out of the statement.",
)
DEPENDED_ON = _writing_code(
    "E_DEPENDED_ON",
    409,
    "A table or column cannot go while something of the database reads it, refers to it or is built over it.",
    "Its owner takes away or changes what the message names first; nothing is dropped along with it.",
)
ROWS_CHANGED = _writing_code(
    "E_ROWS_CHANGED",
    409,
    "Rows are not as they were when the change was shown: somebody else changed, added or removed some meanwhile. "
    "Nothing was changed.",
    "Propose it again, so that it is decided on what is there now; the details list rows that differ.",
)
DEFINITIONS_CHANGED = _writing_code(
    "E_DEFINITIONS_CHANGED",
    409,
    "What acts when these rows change is not what was shown: a trigger, a foreign key, a rule, a policy, a default, a "
    "column, or what one of them calls, was added, changed or taken away meanwhile. Nothing was changed.",
    "Ask anew: propose it again, so that it is shown and decided on with what acts now.",
)
NOT_BACK = _writing_code(
    "E_NOT_BACK",
    409,
    "Taking it back would not leave the rows as they were before the action. Nothing was changed.",
    "The message names what differs; correct those rows by a change of their own.",
)
ROW_OUT_OF_VIEW = _writing_code(
    "E_ROW_OUT_OF_VIEW",
    403,
    "The change would put a row where a row filter hides it from its own proposer. Nothing was changed.",
    "Give the row values that keep it among those that you may see.",
)
CONSTRAINT = _writing_code(
    "E_WRITE_CONSTRAINT",
    409,
    "The change violates a constraint of the table: a key, a foreign key, NOT NULL or CHECK. Nothing was changed.",
    "Correct the values; the message names the sort of constraint.",
)
CONFLICT = _writing_code(
    "E_WRITE_CONFLICT",
    409,
    "Another transaction changed or locked the same rows at the same moment. Nothing was changed.",
    "Propose it again in a moment.",
)
TOO_MANY_ROWS = _writing_code(
    "E_TOO_MANY_ROWS",
    422,
    "The change touches more rows than one action may, those behind cascades included. Nothing was changed.",
    "Propose smaller changes, or ask the operator for a higher limit.",
)
DUPLICATE_TARGET = _writing_code(
    "E_DUPLICATE_TARGET",
    422,
    "The statement finds the same row several times: what it is to become is not clear. Nothing was changed.",
    "Write the source so that it gives at most one row for each row of the target.",
)
OUTCOME_UNKNOWN = _writing_code(
    "E_OUTCOME_UNKNOWN",
    503,
    "The connection was lost while the warehouse committed. The gateway finds out what happened and records it.",
    "Wait and ask get_action; do not propose it again before that.",
)
NO_SUCH_ACTION = _writing_code(
    "E_NO_SUCH_ACTION",
    404,
    "There is no action of that id that you may see.",
    "Use the id that the proposal's answer gave.",
)
IDEMPOTENCY_CONFLICT = _writing_code(
    "E_IDEMPOTENCY_CONFLICT",
    409,
    "The idempotency key was used for another proposal.",
    "Use a new key for a new proposal, and the same key only to repeat the same call.",
)
NOT_DECIDABLE = _writing_code(
    "E_NOT_DECIDABLE",
    409,
    "The action does not wait for a decision: it was decided, carried out, withdrawn, or its time is over.",
    "Look at its state; propose it anew where it is still wanted.",
)
NOT_THE_SAME = _writing_code(
    "E_NOT_WHAT_WAS_SHOWN",
    409,
    "The decision is bound to something else than what the action is now.",
    "Open the action again and decide on what is shown.",
)
NOT_YOURS_TO_DECIDE = _writing_code(
    "E_NOT_YOURS_TO_DECIDE",
    403,
    "This person may not decide on this action: no right on its targets, or one of those who must be different people.",
    "Somebody else decides; the message says who may.",
)
PERSON_STOPPED = _writing_code(
    "E_PERSON_STOPPED",
    403,
    "A stop names this person, one of their groups or roles: they see, decide and take back nothing, at any door.",
    "Whoever threw the stop takes it back; somebody else decides meanwhile.",
)
REASON_MISSING = _writing_code(
    "E_REASON_MISSING",
    422,
    "A decision needs a reason in words.",
    "Say why, in a sentence.",
)
GOVERNANCE_CHANGED = _writing_code(
    "E_GOVERNANCE_CHANGED",
    409,
    "A rule or a definition that took part changed after the action was shown, or does not allow it at the moment of "
    "the effect, so that its approval no longer holds. Nothing was changed.",
    "Propose it again under the rules of now; the message names what is not as it was.",
)
NOTHING_TO_UNDO = _writing_code(
    "E_NOTHING_TO_UNDO",
    409,
    "The action cannot be taken back: it was not carried out, was taken back already, or its images are gone.",
    "Look at its state and its undo deadline.",
)
NOT_YOURS_TO_SEE = _writing_code(
    "E_NOT_YOURS_TO_SEE",
    403,
    "No rule of the policy lets this person see the record, the agents or the catalog, or throw switches.",
    "A steward grants `read_record` on `record:entries`, `record:agents`, `record:catalog`, or `approve` on "
    "`action:switches`.",
)
NOT_A_PERSON = _writing_code(
    "E_NOT_A_PERSON",
    403,
    "Only a person with a login of their own may do this; no agent, no key and no token on somebody's behalf.",
    "Open the console, or log in with `metricgate approvals login`.",
)
INTERRUPTED = _writing_code(
    "E_WRITE_INTERRUPTED",
    503,
    "The gateway went away before the change was committed. Nothing was changed.",
    "Propose it again where it is still wanted.",
)
FAILED = _writing_code(
    "E_WRITE_FAILED",
    502,
    "The warehouse could not carry the change out. Nothing was changed.",
    "Try again later; the record has the warehouse's own words.",
)
TOO_RISKY = _writing_code(
    "E_TOO_RISKY",
    403,
    "The change's risk is above what people are asked about at all. Nothing was changed.",
    "Propose less at once: fewer rows, one table, what can be taken back.",
)
KEPT_UNREADABLE = _writing_code(
    "E_KEPT_UNREADABLE",
    503,
    "What the gateway keeps of the action, or its images, does not open: it was sealed with another key, or altered. "
    "Nothing was decided, changed or taken back.",
    "The operator runs `metricgate doctor`, and restores `journal.key`, `actions.db` or `journal.db` from the backup.",
)

CODES = (
    NOT_WRITABLE,
    NOT_CHANGEABLE,
    UNKNOWN_TARGET,
    UNKNOWN_COLUMN,
    NO_KEY,
    MASKED_SOURCE,
    DEPENDED_ON,
    ROWS_CHANGED,
    DEFINITIONS_CHANGED,
    NOT_BACK,
    ROW_OUT_OF_VIEW,
    CONSTRAINT,
    CONFLICT,
    TOO_MANY_ROWS,
    DUPLICATE_TARGET,
    OUTCOME_UNKNOWN,
    NO_SUCH_ACTION,
    IDEMPOTENCY_CONFLICT,
    NOT_DECIDABLE,
    NOT_THE_SAME,
    NOT_YOURS_TO_DECIDE,
    PERSON_STOPPED,
    REASON_MISSING,
    GOVERNANCE_CHANGED,
    NOTHING_TO_UNDO,
    NOT_YOURS_TO_SEE,
    NOT_A_PERSON,
    INTERRUPTED,
    FAILED,
    TOO_RISKY,
    KEPT_UNREADABLE,
)
