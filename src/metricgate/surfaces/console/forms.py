"""Forms that browsers send: read with a cap, each name once."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from metricgate.surfaces.http.body import ClientGone, read_body
from metricgate.surfaces.human import codes
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.vocabulary.problem import Problems

_MOST_BYTES = 65_536
_MOST_FIELDS = 30


async def form_of(request: Request) -> dict[str, str] | Problems:
    """Return the fields of a form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return refusal_of(codes.BAD_PARAMETER, "This takes a form.")
    try:
        body = await read_body(request.receive, _MOST_BYTES)
    except ClientGone:
        return refusal_of(codes.BAD_PARAMETER, "The form is not complete.")
    if isinstance(body, Problems):
        return body
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return refusal_of(codes.BAD_PARAMETER, "The form cannot be read.")
    found = dict(pairs)
    if len(found) != len(pairs):
        return refusal_of(codes.BAD_PARAMETER, "A field of the form is there more than once.")
    return {name: value.replace("\r\n", "\n") for name, value in found.items()}
