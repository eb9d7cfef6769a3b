"""Forms of values that several documents share: hosts, URLs, sizes, times, names. Text that means nothing is refused.

Each is a type for pydantic; what is wrong is said with an example of what would be right. Whether the host answers or
the file is there is not asked: that is found out by whoever uses the value.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?", re.ASCII)
_LONGEST_NAME: Final = 253
_MOST_PORT: Final = 65_535
_NUMBER: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?P<rest>[^\s/?#@]+)", re.ASCII)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WORD: Final = re.compile(r"[!-~]+", re.ASCII)


def is_host(text: str) -> bool:
    """Whether the text is an IP address (without brackets) or a host's name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # A last part of digits alone makes it an address (WHATWG URL, "ends in a number"), and it was none.
        name = text.rstrip(".").rpartition(".")[2]
        return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None and not name.isdigit()
    return "%" not in text


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, whatever a resolver says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def size(units: Mapping[str, int], *, least: str, most: str, whole: bool = False) -> Callable[[str], str]:
    """Return a check for sizes as one engine writes them.

    Args:
        units: as they are written -> bytes; "" where a number may stand alone.
        least: the smallest that means something, written so itself.
        most: the largest.
        whole: whether the number has no decimals.
    """

    def in_bytes(text: str) -> float | None:
        found = _NUMBER.fullmatch(text)
        factor = None if found is None or (whole and "." in found[1]) else units.get(found[2])
        return None if found is None or factor is None else float(found[1]) * factor

    named = ", ".join(unit for unit in units if unit)
    usual = f"512{next(unit for unit in units if unit.upper().startswith('M'))}"

    def checked(text: str) -> str:
        found = in_bytes(text)
        if found is None:
            raise ValueError(f"{_quote_short(text)} is no size; write a number with one of {named}, such as {usual}")
        if not (in_bytes(least) or 0) <= found <= (in_bytes(most) or 0):
            raise ValueError(f"{_quote_short(text)} is no size that can be used; write one from {least} to {most}")
        return text

    return checked


def _host(text: str) -> str:
    if not is_host(text):
        raise ValueError(
            f"{_quote_short(text)} is no host; write a name or an address, such as 127.0.0.1, ::1 or db.acme.example"
        )
    return text


def _host_and_port(text: str) -> str:
    host, port = _parted(text)
    if not is_host(host) or not (port in {None, "*"} or _is_port(port)):
        raise ValueError(
            f"{_quote_short(text)} is no host; write host, host:port or host:*, such as metrics.acme.example:8443"
        )
    return text


def _check_origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text)
    host, port = ("", None) if found is None else _parted(found["rest"])
    if not is_host(host) or not (port in {None, "*"} or _is_port(port)):
        raise ValueError(
            f"{_quote_short(text)} is no origin; write scheme://host or scheme://host:port, without a path"
        )
    return text


def _parted(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        return (host, rest[1:] if rest.startswith(":") else None) if bracket and rest[:1] in {"", ":"} else ("", None)
    host, colon, port = text.partition(":")
    return host, port if colon else None


def _is_port(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"[0-9]{1,5}", text) is not None and 1 <= int(text) <= _MOST_PORT


def _url(text: str) -> str:
    wrong = ValueError(
        f"{_quote_short(text)} is no URL; write http:// or https://, a host, and perhaps a port and a path"
    )
    if not _WORD.fullmatch(text) or "\\" in text:
        raise wrong
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https"} or not is_host(parts.hostname or "") or port == 0:
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL holds no user and password here: settings are no place for secrets")
    if parts.fragment:
        raise ValueError(f"{_quote_short(text)} has a fragment (#...), which is never sent; leave it out")
    return text


def _base_url(text: str) -> str:
    if "?" in _url(text):
        raise ValueError(f"{_quote_short(text)} has a query (?...); paths are put behind this URL, so leave it out")
    return text


def _secure_url(text: str) -> str:
    parts = urlsplit(_url(text))
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(
            f"{_quote_short(text)} is not read: whoever sits in between could put keys of their own in. Write https:// "
            "(http:// is taken for this machine alone: 127.0.0.1, ::1, localhost)"
        )
    return text


def _secure_base_url(text: str) -> str:
    return _base_url(_secure_url(text))


def _check_path(text: str) -> str:
    if not text.strip() or text != text.strip() or any(ord(each) < ord(" ") for each in text):
        raise ValueError(
            f"{_quote_short(text)} is no path; write the name of a file or folder, relative to the project folder"
        )
    if text.startswith("~"):
        raise ValueError(f"{_quote_short(text)}: `~` is not expanded here; write the path in full")
    return text


def _file_name(text: str) -> str:
    if "/" in _check_path(text) or "\\" in text or text.startswith("."):
        raise ValueError(f"{_quote_short(text)} is no file's name; write one without folders, such as ledger.db")
    return text


def _matching(pattern: re.Pattern[str], what: str, example: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{_quote_short(text)} is no {what}; write one such as {example}")
        return text

    return checked


def _check_text(text: str) -> str:
    if not text.strip() or any(ord(each) < ord(" ") for each in text):
        raise ValueError(f"{_quote_short(text)} is no name; write some text on one line")
    return text


def _quote_short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004


Host = Annotated[str, AfterValidator(_host)]
"""A name or an address."""
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
"""``host``, ``host:port`` or ``host:*``; IPv6 addresses in brackets."""
Origin = Annotated[str, AfterValidator(_check_origin)]
"""``scheme://host``, ``scheme://host:port`` or ``scheme://host:*``."""
HttpUrl = Annotated[str, AfterValidator(_url)]
"""``http`` or ``https``, without user, password and fragment."""
BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""An ``HttpUrl`` without a query: paths are put behind it."""
SecureUrl = Annotated[str, AfterValidator(_secure_url)]
"""``https``; ``http`` for this machine alone."""
SecureBaseUrl = Annotated[str, AfterValidator(_secure_base_url)]
"""A ``SecureUrl`` without a query."""
FilePath = Annotated[str, AfterValidator(_check_path)]
"""A path, absolute or relative to the project folder."""
FileName = Annotated[str, AfterValidator(_file_name)]
"""The name of a file in a folder that is known."""
Variable = Annotated[str, AfterValidator(_matching(_VARIABLE, "name of an environment variable", "ACME_PASSWORD"))]
"""Names an environment variable; what it holds is read later."""
Word = Annotated[str, AfterValidator(_matching(_WORD, "name without blanks", "client_id")), Field(max_length=500)]
"""Visible ASCII without blanks: claims, scopes, audiences."""
Name = Annotated[str, AfterValidator(_check_text), Field(max_length=500)]
"""Some text on one line."""
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
"""A time of at most a day."""
