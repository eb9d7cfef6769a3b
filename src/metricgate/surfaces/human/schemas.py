"""JSON schemas of what the API for people returns: the forms that ``documents`` writes."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from metricgate.approvals.proposal import Proposal, Reversibility, State
from metricgate.vocabulary.json import Json

Schema = dict[str, Json]

_TEXT: Final[Schema] = {"type": "string"}
_TEXT_OR_NULL: Final[Schema] = {"type": ["string", "null"]}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_MOMENT_OR_NULL: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_ANY: Final[Schema] = {"type": "object"}
_COUNTS: Final[Schema] = {"type": "object", "additionalProperties": _COUNT}
_CELLS: Final[Schema] = {
    "type": ["array", "null"],
    "items": _TEXT_OR_NULL,
    "description": "Values as text, in the order of `columns`; null stands for no row, inside a row for NULL.",
}


def _with_description(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object_schema(properties: Schema, *, optional: Schema | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


def reference(name: str) -> Schema:
    """Return the reference to one of ``SCHEMAS``."""
    return {"$ref": f"#/components/schemas/{name}"}


_LATER: Final = ("governance_digest", "definitions_digest", "actor")
"""Fields that proposals of earlier releases do not have."""
_OF_PROPOSAL: Final[Schema] = {
    "user": _TEXT_OR_NULL,
    "owner": _TEXT_OR_NULL,
    "action": _TEXT_OR_NULL,
    "targets": _TEXTS,
    "row_ceiling": _COUNT,
    "reversibility": {"type": "string", "enum": [str(each) for each in Reversibility]},
    "proposed_at": _MOMENT,
    "expires_at": _MOMENT,
}
_PROPOSAL: Final = _object_schema(
    {each.name: _OF_PROPOSAL.get(each.name, _TEXT) for each in fields(Proposal) if each.name not in _LATER},
    optional=dict.fromkeys(_LATER, _TEXT),
)
_REQUIREMENT: Final = _object_schema(
    {"approvals": _COUNT, "roles": _TEXTS, "apart": _TEXTS, "rules": _TEXTS, "seconds": _COUNT}
)
_QUORUM: Final = _object_schema({"approvals": _COUNT, "roles": _TEXTS, "approved_by": _TEXTS, "missing": _COUNT})
_DECISION: Final = _object_schema(
    {
        "person": _TEXT,
        "approves": _with_description(_FLAG, "False denies, which is final."),
        "reason": _TEXT,
        "at": _MOMENT,
        "shown_digest": _TEXT,
        "bound_to": _TEXT,
        "channel": {"type": "string", "enum": ["console", "api", "cli"]},
        "break_glass": _FLAG,
    }
)
_REVIEW: Final = _object_schema({"person": _TEXT, "at": _MOMENT, "reason": _TEXT})
_STATE: Final[Schema] = {"type": "string", "enum": [str(each) for each in State]}

_OF_ACTION: Final[Schema] = {
    "id": _TEXT,
    "state": _STATE,
    "actor": _with_description(_TEXT, "Who proposed it: `agent:NAME`, or `person:NAME` who takes an action back."),
    "proposal": reference("Proposal"),
    "bound_to": _with_description(_TEXT, "Digest of the proposal; it goes back with a decision."),
    "requirement": {"anyOf": [_REQUIREMENT, {"type": "null"}]},
    "quorums": _with_description(
        _list_of(_QUORUM), "How many people of which roles are wanted, and who approved so far."
    ),
    "decisions": _list_of(_DECISION),
    "reviews": _with_description(_list_of(_REVIEW), "Who looked at broken glass afterwards."),
    "reviews_missing": _COUNT,
    "risk": _with_description(_ANY, "`score`, `likelihood`, `impact`, `contributions`."),
    "preview": _with_description(_ANY, "What the rehearsal showed: rows, tables, labels, what is not known."),
    "outcome": _with_description(_ANY, "Once it ended: what was done, or the `problem`."),
    "undo_until": _MOMENT_OR_NULL,
    "undoes": _TEXT_OR_NULL,
    "undone_by": _TEXT_OR_NULL,
    "records": _with_description(_list_of(_COUNT), "Numbers of its entries in the record."),
    "settled_at": _MOMENT_OR_NULL,
}
_SAMPLE: Final = _object_schema({"table": _TEXT, "kind": _TEXT, "key": _CELLS, "before": _CELLS, "after": _CELLS})
_RULE: Final[Schema] = {"type": "object", "properties": {"rule": _TEXT, "decision": _TEXT, "message": _TEXT_OR_NULL}}
_OF_ACTION_VIEW: Final[Schema] = {
    **_OF_ACTION,
    "columns": {"type": "object", "additionalProperties": _TEXTS},
    "sample": _list_of(_SAMPLE),
    "may_decide": _with_description(_FLAG, "Whether you may decide now; `why_not_decide` says why not."),
    "why_not_decide": _TEXT_OR_NULL,
    "may_undo": _FLAG,
    "why_not_undo": _TEXT_OR_NULL,
    "may_review": _with_description(_FLAG, "Whether you may review broken glass in it."),
    "why_not_review": _TEXT_OR_NULL,
    "shown_digest": _with_description(_TEXT, "Digest of what is shown here; it goes back with a decision."),
    "history": _list_of(_object_schema({"id": _TEXT, "state": _STATE})),
    "rules": _with_description(_list_of(_RULE), "Every rule that was considered, in order."),
    "doing": _with_description(_TEXT, "What is done for it this moment, while it is carried out; else empty."),
}
_OF_ENTRY: Final[Schema] = {
    "index": _COUNT,
    "time": _MOMENT,
    "at": _with_description(_MOMENT, "The same as `time`."),
    "time_unix_nano": _TEXT,
    "id": _TEXT,
    "event_name": _with_description(_TEXT, "The same as `event`."),
    "commitments": _with_description(_ANY, "By a body's name, what the leaf commits to it with."),
    "schema": _with_description(_TEXT, "The form of the entry, e.g. `metricgate.record/2`."),
    "event": _TEXT,
    "actor": _with_description(
        _TEXT, "`agent`, `person`, `operator` or `gateway`, with a colon and the id where there is one."
    ),
    "fields": _ANY,
    "bodies": _with_description(_ANY, "Personal and long values, kept apart; null where one was erased."),
    "leaf_hash": _TEXT,
}
_SWITCH: Final = _object_schema(dict.fromkeys(("kind", "target", "because", "by", "at"), _TEXT))
_AGENT: Final = _object_schema(
    {
        "id": _TEXT,
        "last_seen": _MOMENT_OR_NULL,
        "calls": _with_description(_COUNTS, "By outcome, over the last day."),
        "actions": _with_description(_COUNTS, "By state, over the last day."),
        "paused_until": _MOMENT_OR_NULL,
        "switches": _list_of(reference("Switch")),
        "budgets": _list_of(_ANY),
    }
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Proposal": _PROPOSAL,
    "Action": _object_schema(_OF_ACTION),
    "ActionView": _object_schema(_OF_ACTION_VIEW),
    "Actions": _object_schema(
        {
            "actions": _list_of(reference("Action")),
            "before": _with_description(
                _TEXT_OR_NULL, "What to ask `before` for the next page; null where there is none."
            ),
        }
    ),
    "Entry": _object_schema(_OF_ENTRY),
    "EntryView": _object_schema(
        {
            **_OF_ENTRY,
            "receipt": _with_description(
                {"type": ["object", "null"]}, "Inclusion proof; null until a checkpoint covers it."
            ),
            "related": _list_of(reference("Entry")),
        }
    ),
    "Entries": _object_schema({"entries": _list_of(reference("Entry")), "before": {"type": ["integer", "null"]}}),
    "Agent": _AGENT,
    "Agents": _object_schema({"agents": _list_of(reference("Agent"))}),
    "Switch": _SWITCH,
    "Switches": _object_schema({"switches": _list_of(reference("Switch"))}),
    "Session": _object_schema(
        {
            "person": _TEXT,
            "method": _with_description(_TEXT, "How the person proved who they are."),
            "channel": _TEXT,
            "groups": _TEXTS,
            "expires_at": _MOMENT,
        },
        optional={"csrf": _with_description(_TEXT, "Of a browser's session: what `X-CSRF-Token` takes.")},
    ),
    "Opened": _object_schema(
        {
            "token": _with_description(_TEXT, "For `Authorization: Bearer`."),
            "device": _with_description(_TEXT_OR_NULL, "Give it back with the next login."),
            "person": _TEXT,
            "expires_at": _MOMENT,
        }
    ),
}
"""By name, as ``components.schemas`` of the OpenAPI document."""
