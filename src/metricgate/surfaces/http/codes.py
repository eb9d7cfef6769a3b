"""Codes of the HTTP door: requests that are wrong before any tool is asked."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _http_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="http", status=status, cause=cause, cure=cure)


MALFORMED_JSON = _http_code(
    "E_MALFORMED_JSON",
    400,
    "The body is not JSON, or an object in it has the same key twice.",
    "Send one JSON object in UTF-8; the message names line and column.",
)
CONTENT_TYPE = _http_code(
    "E_CONTENT_TYPE",
    415,
    "The body is not declared as plain JSON.",
    "Send `Content-Type: application/json`, without a Content-Encoding.",
)
BODY_TOO_LARGE = _http_code(
    "E_BODY_TOO_LARGE",
    413,
    "The body is larger than the gateway reads.",
    "Ask with shorter lists and values; split the question.",
)
MALFORMED_REQUEST = _http_code(
    "E_MALFORMED_REQUEST",
    400,
    "What was sent is not a request of HTTP/1.1.",
    "Send the request through an HTTP library.",
)
HEAD_TOO_LARGE = _http_code(
    "E_HEAD_TOO_LARGE",
    431,
    "The request line and headers are larger, or more, than the gateway reads.",
    "Send fewer and shorter headers; the operator sets the bound as `listen.limits.head_bytes`.",
)
URL_TOO_LONG = _http_code(
    "E_URL_TOO_LONG",
    414,
    "The request's target is longer than 8,192 bytes.",
    "Ask with fewer or shorter parameters.",
)
TOO_SLOW = _http_code(
    "E_TOO_SLOW",
    408,
    "The request was not complete in time.",
    "Send it in one go; the operator sets the times as `listen.limits.head_seconds` and `body_seconds`.",
)
TOO_MANY_CONNECTIONS = _http_code(
    "E_TOO_MANY_CONNECTIONS",
    503,
    "More connections or requests are open than the gateway serves at once.",
    "Use one connection for several calls, and try again in a moment.",
)
NOT_FOUND = _http_code(
    "E_NOT_FOUND",
    404,
    "Nothing is served at that path.",
    "Tools are listed at GET /v1/tools and called at POST /v1/tools/{tool}; the OpenAPI document is /openapi.json.",
)
METHOD_NOT_ALLOWED = _http_code(
    "E_METHOD_NOT_ALLOWED",
    405,
    "The path exists, but not for that method.",
    "Use a method of the Allow header.",
)
BAD_REQUEST = _http_code(
    "E_BAD_REQUEST",
    400,
    "The request's own parameters are wrong.",
    "See the message.",
)
HOST_NOT_ALLOWED = _http_code(
    "E_HOST_NOT_ALLOWED",
    421,
    "The Host header is missing, repeated, or names a host that this gateway does not answer for.",
    "Use the gateway's public URL; the operator lists further names under `listen.allowed_hosts`.",
)
INTERNAL = _http_code(
    "E_HTTP_INTERNAL",
    500,
    "The HTTP door met a state that it was not built for.",
    "Report the time of the call to the operator; the log has the reason.",
)

CODES = (
    MALFORMED_JSON,
    CONTENT_TYPE,
    BODY_TOO_LARGE,
    MALFORMED_REQUEST,
    HEAD_TOO_LARGE,
    URL_TOO_LONG,
    TOO_SLOW,
    TOO_MANY_CONNECTIONS,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    BAD_REQUEST,
    HOST_NOT_ALLOWED,
    INTERNAL,
)
