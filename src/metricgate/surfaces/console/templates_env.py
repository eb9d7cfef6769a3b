"""Templates -> pages, with the headers that keep them what they are."""

from __future__ import annotations

import hashlib
import importlib.resources
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from metricgate.gateway.people import PersonSession
from metricgate.surfaces.console import words
from metricgate.vocabulary.problem import Problems

CSP: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {
    "content-security-policy": CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Under no-referrer browsers send forms with `Origin: null`, which proves nothing.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_MEDIA: Final = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_MOST_PROBLEMS: Final = 5


class Pages:
    """Renders the console's templates."""

    def __init__(self, *, project: str) -> None:
        """Take the project's name, for the head of each page."""
        self._project = project
        loader = jinja2.PackageLoader("metricgate.surfaces.console", "templates")
        self._templates = jinja2.Environment(
            loader=loader,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            finalize=words.spell_out,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "moment": words.moment,
            "text": words.as_text,
            "number": words.number,
            "cell": words.cell,
        }
        self._static = _static_files()
        self._marks = {name: mark for name, (_content, mark) in self._static.items()}

    def page(
        self,
        request: Request,
        template: str,
        session: PersonSession | None,
        *,
        status: int = 200,
        problems: Problems | None = None,
        told: str | None = None,
        **values: object,
    ) -> Response:
        """Return a page. ``problems`` and ``told`` stand on top of it."""
        now = datetime.now(UTC)
        found = self._templates.get_template(template).render(
            project=self._project,
            session=session,
            csrf="" if session is None else session.csrf,
            path=request.url.path,
            problems=[] if problems is None else list(problems)[:_MOST_PROBLEMS],
            told=told,
            now=now,
            distance=lambda value: words.distance(value, now),
            counted=words.count_words,
            marks=self._marks,
            **values,
        )
        content = found.encode("utf-8", "replace")
        return Response(content, status, _HEADERS, "text/html; charset=utf-8")

    def static(self, request: Request) -> Response:
        """Return a static file; its mark changes with its content."""
        name = request.path_params["name"]
        if name not in self._static:
            return Response("not found", 404, _HEADERS, "text/plain; charset=utf-8")
        content, mark = self._static[name]
        etag = f'"{mark}"'
        fresh = request.query_params.get("v") == mark
        cache = "public, max-age=31536000, immutable" if fresh else "no-cache"
        headers: Mapping[str, str] = {**_HEADERS, "cache-control": cache, "etag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, 200, headers, _MEDIA[name.rpartition(".")[2]])


def _static_files() -> dict[str, tuple[bytes, str]]:
    folder = importlib.resources.files("metricgate.surfaces.console") / "static"
    found = {each.name: each.read_bytes() for each in folder.iterdir() if each.name.rpartition(".")[2] in _MEDIA}
    return {name: (content, hashlib.sha256(content).hexdigest()[:16]) for name, content in found.items()}
