"""Codes of identity: why a caller is not let in. None of them says which part of a secret was wrong."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _identity_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="identity", status=status, cause=cause, cure=cure)


UNAUTHENTICATED = _identity_code(
    "E_UNAUTHENTICATED",
    401,
    "The call carries no credential, or one that this gateway does not know.",
    "Send `Authorization: Bearer <API key or access token>`, or `X-API-Key: <API key>`.",
)
CREDENTIALS_MALFORMED = _identity_code(
    "E_CREDENTIALS_MALFORMED",
    401,
    "A credential header is repeated, too long, of an unknown scheme, or holds characters that no credential has.",
    "Send exactly one `Authorization: Bearer ...` or one `X-API-Key: ...` header.",
)
CREDENTIALS_CONFLICT = _identity_code(
    "E_CREDENTIALS_CONFLICT",
    401,
    "The call carries credentials that could speak for different callers.",
    "Send one credential only; a token names its own user, so leave X-Metricgate-User out beside it.",
)
KEY_REVOKED = _identity_code(
    "E_KEY_REVOKED",
    401,
    "The API key was revoked.",
    "Ask the operator for a new key (`metricgate keys create`).",
)
KEY_EXPIRED = _identity_code(
    "E_KEY_EXPIRED",
    401,
    "The API key is past its expiry.",
    "Ask the operator for a new key (`metricgate keys create`).",
)
TOKEN_INVALID = _identity_code(
    "E_TOKEN_INVALID",
    401,
    "The bearer token is not one that this gateway accepts: issuer, signature, algorithm, type or claims do not fit.",
    "Get a fresh access token from the authorization server that the resource metadata names.",
)
TOKEN_EXPIRED = _identity_code(
    "E_TOKEN_EXPIRED",
    401,
    "The bearer token is past its expiry.",
    "Get a fresh access token.",
)
TOKEN_NOT_YET_VALID = _identity_code(
    "E_TOKEN_NOT_YET_VALID",
    401,
    "The bearer token is not valid yet, or says it was issued in the future.",
    "Wait, or have the clocks of the authorization server and the gateway compared.",
)
TOKEN_AUDIENCE = _identity_code(
    "E_TOKEN_AUDIENCE",
    401,
    "The bearer token was issued for another resource.",
    "Ask for a token whose `resource` (RFC 8707) is the one in this gateway's resource metadata.",
)
KEYS_UNAVAILABLE = _identity_code(
    "E_TOKEN_KEYS_UNAVAILABLE",
    503,
    "The authorization server's public keys cannot be had, so no token can be checked.",
    "Ask again later; the operator checks that the gateway reaches the issuer's JWKS.",
)
KEY_STORE_UNAVAILABLE = _identity_code(
    "E_KEY_STORE_UNAVAILABLE",
    503,
    "The store of API keys cannot be read, so no key can be checked.",
    "Ask again later; the operator checks the state folder.",
)
MAY_NOT_ACT_FOR = _identity_code(
    "E_MAY_NOT_ACT_FOR",
    403,
    "The API key may not act for that user.",
    "Name a user that the key may act for, or have the operator make a key for this one.",
)
MUST_NAME_USER = _identity_code(
    "E_MUST_NAME_USER",
    403,
    "The API key was made for an agent that acts for users, and the call names none. Without a user nothing would "
    "narrow what the agent may do.",
    "Name the user: header X-Metricgate-User, `--for` on the command line; or have the operator make a key that may "
    "act alone as well (`metricgate keys create AGENT --may-act-for USER --or-alone`).",
)

CODES = (
    UNAUTHENTICATED,
    CREDENTIALS_MALFORMED,
    CREDENTIALS_CONFLICT,
    KEY_REVOKED,
    KEY_EXPIRED,
    TOKEN_INVALID,
    TOKEN_EXPIRED,
    TOKEN_NOT_YET_VALID,
    TOKEN_AUDIENCE,
    KEYS_UNAVAILABLE,
    KEY_STORE_UNAVAILABLE,
    MAY_NOT_ACT_FOR,
    MUST_NAME_USER,
)
