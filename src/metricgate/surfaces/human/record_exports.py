"""Exports of the record at the doors for people: everything that the filter matches, streamed, with its manifest."""

from __future__ import annotations

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from metricgate.gateway.people_service import PeopleService, Person
from metricgate.surfaces.human import codes, responses
from metricgate.surfaces.human.query_params import entries_asked
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.surfaces.problem_document import MEDIA_TYPE, problem_document, to_bytes
from metricgate.vocabulary.problem import Problems

EXPORTS: Final = ("json", "csv", "jsonl", "parquet", "manifest")
"""What ``format`` may be for entries of the record; ``json`` is a page of them."""
MANIFEST: Final = "metricgate-manifest"
"""The header in which a file's manifest comes."""


async def export_response(request: Request, person: Person, office: PeopleService, form: str) -> Response:
    """Return the file that is asked for, or its manifest alone."""
    asked = entries_asked(request.query_params, besides=("format",))
    given = [name for name in ("limit", "before") if name in request.query_params]
    if not isinstance(asked, Problems) and given:
        message = f"{given[0]}: an export has everything that matches; there are no pages."
        asked = refusal_of(codes.BAD_PARAMETER, message)
    if isinstance(asked, Problems):
        return _problem_response(asked)
    made = await office.export(person, asked.wanted, form)
    if isinstance(made, Problems):
        return _problem_response(made)
    manifest = json.dumps(dict(made.manifest))
    if form == "manifest":
        return Response(manifest, media_type="application/json")
    name = f"record-{made.manifest.get('size')}.{form}"
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        MANIFEST: manifest,
    }
    media = responses.MEDIA.get(form, "application/vnd.apache.parquet")
    return StreamingResponse(made.chunks, headers=headers, media_type=media)


def _problem_response(found: Problems) -> Response:
    return Response(to_bytes(problem_document(found)), found.first.code.status, None, MEDIA_TYPE)
