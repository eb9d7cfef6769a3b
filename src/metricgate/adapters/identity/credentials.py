"""Headers -> the one credential they carry. Anything doubtful is refused, never guessed at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from metricgate.adapters.identity import codes
from metricgate.vocabulary.problem import Code, Problem, Problems

USER_HEADER: Final = "x-metricgate-user"
_NAMES: Final = {b"authorization": "authorization", b"x-api-key": "x-api-key", b"x-metricgate-user": USER_HEADER}
CREDENTIAL_HEADERS: Final = frozenset(_NAMES)
"""The headers that say who calls, in lower case."""
KEY_PREFIX: Final = "mg_"
_LONGEST: Final = 8_192
_LONGEST_USER: Final = 320
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*", re.ASCII)
_USER = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A secret, what kind it is, and the user it claims to act for (header ``X-Metricgate-User``)."""

    secret: str
    api_key: bool
    user: str | None


def refusal_of(code: Code, message: str | None = None) -> Problems:
    """Return the one problem."""
    return Problems((Problem(code=code, message=message or code.cause, hint=code.cure),))


def single_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str] | Problems:
    """Return the credential headers of a request; a repeated one is refused.

    Args:
        raw: names in lower case, as ASGI gives them.
    """
    found: dict[str, str] = {}
    for name, value in raw:
        known = _NAMES.get(name)
        if known is None:
            continue
        if known in found:
            return refusal_of(codes.CREDENTIALS_MALFORMED, f"The header {known} is there more than once.")
        found[known] = value.decode("latin-1")
    return found


def read_credential(  # noqa: PLR0911 - one way out for each way to be wrong
    headers: Mapping[str, str],
) -> Credential | Problems:
    """Return the credential in ``headers`` (names in any case), or why there is not exactly one good one."""
    folded: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower in folded:
            return refusal_of(codes.CREDENTIALS_MALFORMED, f"The header {lower[:40]!r} is there more than once.")
        folded[lower] = value
    bearer, key = folded.get("authorization"), folded.get("x-api-key")
    if bearer is not None and key is not None:
        return refusal_of(codes.CREDENTIALS_CONFLICT, "Both Authorization and X-API-Key are there.")
    user = folded.get(USER_HEADER)
    if user is not None and (len(user) > _LONGEST_USER or not _USER.fullmatch(user)):
        return refusal_of(codes.CREDENTIALS_MALFORMED, "X-Metricgate-User does not hold a user's name.")
    if bearer is not None:
        secret = _bearer(bearer)
        if secret is None:
            return refusal_of(codes.CREDENTIALS_MALFORMED)
        return _make_credential(secret, user, api_key=secret.startswith(KEY_PREFIX))
    if key is None:
        return refusal_of(codes.UNAUTHENTICATED, "The call carries no credential.")
    if len(key) > _LONGEST or not _TOKEN68.fullmatch(key):
        return refusal_of(codes.CREDENTIALS_MALFORMED)
    return _make_credential(key, user, api_key=True)


def _make_credential(secret: str, user: str | None, *, api_key: bool) -> Credential | Problems:
    if user is not None and not api_key:
        return refusal_of(codes.CREDENTIALS_CONFLICT, "A token names its own user; X-Metricgate-User is not taken.")
    return Credential(secret=secret, api_key=api_key, user=user)


def _bearer(value: str) -> str | None:
    scheme, _, secret = value.partition(" ")
    if scheme.lower() != "bearer" or len(secret) > _LONGEST or not _TOKEN68.fullmatch(secret):
        return None
    return secret
