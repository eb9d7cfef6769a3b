"""dbt's saved queries -> ours; members and orders in the plain form."""

from __future__ import annotations

import re

from metricgate.catalog.templates import parse_member_call
from metricgate.importing.dbt.filters import filter_json, filters_of
from metricgate.importing.dbt.words import config_of, words_of
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json

_DESCENDING = re.compile(r"\.descending\(\s*(?:True|true)\s*\)\s*$")
_ASCENDING = re.compile(r"\.descending\(\s*(?:False|false)\s*\)\s*$")
_METRIC = re.compile(r"Metric\(\s*['\"]([A-Za-z0-9_]+)['\"]\s*\)")


def saved_query(part: SourcePart) -> dict[str, Json] | None:
    """Return one saved query; its exports are dbt's own matter and told as dropped."""
    name = part.required_text("name", "a saved query")
    what = f"the saved query {name!r}"
    keys, enabled = config_of(part, what)
    if keys:
        part.reading.notes.note_dropped(f"config.meta of {what}", part.at("config"), "saved queries carry none here")
    params = part.part("query_params")
    if params is None:
        part.complain("query_params", f"{what} has no 'query_params'")
        return None
    query = without_empty(
        metrics=[item for item, _spot in params.items("metrics") if isinstance(item, str)],
        group_by=[_plain_member(item) for item, _spot in params.items("group_by") if isinstance(item, str)],
        where=filter_json(filters_of(params, "where")),
        order_by=[_plain_order(item) for item, _spot in params.items("order_by") if isinstance(item, str)],
        limit=params.number("limit"),
    )
    params.finish(what)
    document = without_empty(name=name, **words_of(part, what), query_params=query)
    part.finish(what)
    if not enabled:
        part.reading.notes.note_dropped(what, part.place, "it is switched off (config.enabled: false)")
        return None
    return document


def _plain_member(text: str) -> str:
    metric = _METRIC.fullmatch(text.strip())
    return metric[1] if metric else parse_member_call(text) or text


def _plain_order(text: str) -> str:
    """Return an output column, with a minus where it descends."""
    stripped = text.strip()
    if _DESCENDING.search(stripped):
        return "-" + _plain_member(_DESCENDING.sub("", stripped))
    sign = "-" if stripped.startswith("-") else ""
    return sign + _plain_member(_ASCENDING.sub("", stripped.removeprefix("-")))
