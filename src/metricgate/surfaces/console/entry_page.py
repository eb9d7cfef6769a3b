"""One entry of the record -> what a page tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from metricgate.ledger.events import names
from metricgate.surfaces.console.words import EVENTS, as_text, count_words
from metricgate.surfaces.human.responses import at_of, event_of, facts_of
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.json import Json

_OUTCOMES = {"completed": "answered", "refused": "refused", "failed": "failed", "released": "released"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A line of the timeline."""

    index: Json
    at: str
    event: str
    title: str
    actor: str
    agent: str
    tool: str
    outcome: str
    about: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """All that the page of one entry shows.

    Attributes:
        rules: ``(rule, decision, message)``, in order.
        metrics: ``(name, version)``.
        related: ``(number, relation)`` of other entries.
        everything: name and text of each field and body.
    """

    row: EntryRow
    sentence: str
    rules: Sequence[tuple[str, str, str]]
    obligations: Json
    sql: str | None
    metrics: Sequence[tuple[str, str]]
    problems: Sequence[tuple[str, str]]
    effect: Sequence[tuple[str, str]]
    related: Sequence[tuple[Json, str]]
    has_receipt: bool
    everything: Sequence[tuple[str, str]]


def entry_row(entry: Mapping[str, Json]) -> EntryRow:
    """Return the line of an entry."""
    facts, event = facts_of(entry), event_of(entry)
    metrics = [name for name, _version in _metrics_named(facts)]
    targets = facts.get(names.TARGETS) or facts.get(names.DATASETS)
    about = metrics or ([str(each) for each in targets] if isinstance(targets, Sequence) else [])
    return EntryRow(
        index=entry.get("index"),
        at=at_of(entry),
        event=event,
        title=EVENTS.get(event, event),
        actor=str(entry.get("actor") or ""),
        agent=str(facts.get(names.AGENT_ID) or facts.get(names.SWITCH_TARGET) or ""),
        tool=str(facts.get(names.TOOL) or ""),
        outcome=str(
            facts.get(names.ERROR_TYPE) or facts.get(names.OUTCOME) or _OUTCOMES.get(event.rpartition(".")[2], "")
        ),
        about=", ".join(about[:6]),
        action=str(facts.get(names.ACTION_ID) or ""),
    )


def entry_page(entry: Mapping[str, Json]) -> EntryPage:
    """Return what the page of an entry shows."""
    facts, row = facts_of(entry), entry_row(entry)
    receipt = entry.get("receipt")
    sql = facts.get(names.STATEMENT_TEXT) or facts.get(names.QUERY_TEXT)
    hidden = {"receipt", "related"}
    return EntryPage(
        row=row,
        sentence=_entry_sentence(row, facts),
        rules=_rules_considered(facts),
        obligations=_obligations_shown(facts.get(names.OBLIGATIONS)),
        sql=str(sql) if sql else None,
        metrics=_metrics_named(facts),
        problems=[
            (str(each.get("code", "")), str(each.get("message", "")))
            for each in _mapping_list(facts.get(names.PROBLEMS))
        ],
        effect=[
            (name.removeprefix(names.EFFECTS).replace("_", " "), as_text(value))
            for name, value in facts.items()
            if name.startswith(names.EFFECTS)
        ],
        related=_related_entries(entry, facts),
        has_receipt=bool(receipt),
        everything=[(name, as_text(value)) for name, value in sorted(facts.items()) if name not in hidden],
    )


def _entry_sentence(row: EntryRow, facts: Mapping[str, Json]) -> str:
    user = facts.get(names.USER_ID)
    whom = f" for {user}" if user else ""
    rows = facts.get(names.EFFECT_ROWS)
    got = f" with {count_words(rows, 'row')}" if isinstance(rows, int) else ""
    about = f" about {row.about}" if row.about else ""
    if row.actor.startswith(ActorKind.PERSON):
        return f"{row.title}: {row.actor.replace(':', ' ')}{about}; {row.outcome or 'noted'}{got}."
    if row.agent and row.tool:
        return f"{row.title}: agent {row.agent}{whom} called {row.tool}{about}; {row.outcome or 'noted'}{got}."
    who = f" {row.agent}" if row.agent else ""
    return f"{row.title}{':' if who else ''}{who}{about}."


def _rules_considered(facts: Mapping[str, Json]) -> list[tuple[str, str, str]]:
    considered = _mapping_list(facts.get(names.CONSIDERED))
    if considered:
        words = facts.get(names.CONSIDERED_MESSAGES)
        said = words if isinstance(words, list) else []
        return [
            (str(each.get("rule", "")), str(each.get("decision", "")), str(each.get("message") or word or ""))
            for each, word in zip_longest(considered, said[: len(considered)])
        ]
    rules = facts.get(names.RULES)
    verdict = str(facts.get(names.VERDICT) or "")
    return (
        [(str(rule), verdict, "") for rule in rules]
        if isinstance(rules, Sequence) and not isinstance(rules, str)
        else []
    )


def _obligations_shown(obligations: Json) -> Json:
    if not isinstance(obligations, Mapping):
        return None
    return {name: value for name, value in obligations.items() if value} or None


def _metrics_named(facts: Mapping[str, Json]) -> list[tuple[str, str]]:
    return [
        (str(each.get("name", "")), str(each.get("version", ""))) for each in _mapping_list(facts.get(names.METRICS))
    ]


def _related_entries(entry: Mapping[str, Json], facts: Mapping[str, Json]) -> list[tuple[Json, str]]:
    found: dict[Json, str] = {}
    for each in (*_mapping_list(entry.get("related")), *_mapping_list(facts.get(names.LINKS))):
        index = each.get("index")
        if isinstance(index, int):
            found.setdefault(index, str(each.get("rel") or EVENTS.get(event_of(each), event_of(each)) or "linked"))
    return list(found.items())


def _mapping_list(listed: Json) -> list[Mapping[str, Json]]:
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [each for each in listed if isinstance(each, Mapping)]
