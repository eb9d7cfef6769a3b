"""Codes of people's logins. None of them says which part was wrong, or whether there is such a person."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _identity_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="people", status=status, cause=cause, cure=cure)


LOGIN_REFUSED = _identity_code(
    "E_LOGIN_REFUSED",
    401,
    "Name, password and code do not fit together, the code was used before, or a one-time password is too old.",
    "Try again with the next code of the authenticator app; the operator helps with `metricgate people reset NAME`.",
)
LOGIN_TOO_OFTEN = _identity_code(
    "E_LOGIN_TOO_OFTEN",
    429,
    "Too many logins failed under this name or from this address.",
    "Wait as long as the message says. A browser with which you logged in before does not wait for others' failures.",
)
NEW_PASSWORD_NEEDED = _identity_code(
    "E_NEW_PASSWORD_NEEDED",
    403,
    "The password is one-time: a password of your own must take its place.",
    "Log in again with the same one-time password and give a new password along with it.",
)
WEAK_PASSWORD = _identity_code(
    "E_WEAK_PASSWORD",
    422,
    "The new password is too short, too long, too plain, or holds the name.",
    "Take at least 12 characters; a few words in a row are good.",
)
PEOPLE_UNAVAILABLE = _identity_code(
    "E_PEOPLE_UNAVAILABLE",
    503,
    "The file of people and sessions cannot be read or written.",
    "Ask again later; the operator checks the state folder.",
)
OIDC_REFUSED = _identity_code(
    "E_PEOPLE_OIDC_REFUSED",
    401,
    "The OpenID provider did not say who you are in a way that can be trusted here.",
    "Begin the login anew from the login page; the operator finds the reason in the gateway's log.",
)
OIDC_UNAVAILABLE = _identity_code(
    "E_PEOPLE_OIDC_UNAVAILABLE",
    503,
    "The OpenID provider cannot be reached, or answers otherwise than its standard says.",
    "Try again later; the operator checks `people.oidc` in the settings.",
)

CODES = (
    LOGIN_REFUSED,
    LOGIN_TOO_OFTEN,
    NEW_PASSWORD_NEEDED,
    WEAK_PASSWORD,
    PEOPLE_UNAVAILABLE,
    OIDC_REFUSED,
    OIDC_UNAVAILABLE,
)
