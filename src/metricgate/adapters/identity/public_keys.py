"""An issuer's public keys (JWKS, RFC 7517): from a file, or from a URL with a cache that outlives short outages.

Symmetric keys in a set are dropped on reading, so no public text can ever serve as an HMAC secret. RSA keys below
2,048 bits and keys meant for encryption are dropped as well.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

PublicKey = RSAKey | ECKey | OKPKey
_KINDS: Final = {"RSA", "EC", "OKP"}
_SMALLEST_RSA: Final = 2_048
_LARGEST_DOCUMENT: Final = 1_048_576


class PublicKeysUnavailable(Exception):
    """There are no keys to check with: never fetched, or too old. The reason is for the log, not for callers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFound:
    """A key, or None with ``may_refresh`` saying whether fetching the set anew could bring it."""

    key: PublicKey | None
    may_refresh: bool


class PublicKeys(Protocol):
    """Keys by their id."""

    def find(self, kid: str | None) -> KeyFound:
        """Return the key; without a ``kid`` only a set of one key has an answer.

        Raises:
            PublicKeysUnavailable: there is no usable set and refreshing is not due.
        """
        ...

    def refresh(self) -> None:
        """Fetch the set anew if its rate limit allows. Blocks: call it off the event loop. Never raises."""
        ...


def read_key_set(text: str | bytes) -> Mapping[str, PublicKey]:
    """Return the usable signature keys of a JWKS document by ``kid`` (RFC 7638 thumbprint where there is none).

    Raises:
        ValueError: not a JWKS, or no usable key in it.
    """
    try:
        document = json.loads(text)
        entries = document["keys"]
        keys = [key for entry in entries if (key := _usable(entry)) is not None]
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError("not a JWKS document") from error
    if not keys:
        raise ValueError("the JWKS holds no usable public signature key")
    return {key.kid or key.thumbprint(): key for key in keys}


def _usable(entry: dict[str, str | list[str]]) -> PublicKey | None:
    if entry.get("kty") not in _KINDS or entry.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(entry)
    except (JoseError, ValueError):
        return None
    if isinstance(key, RSAKey):
        return key if key.public_key.key_size >= _SMALLEST_RSA else None
    return key if isinstance(key, ECKey | OKPKey) else None


def _pick(keys: Mapping[str, PublicKey], kid: str | None) -> PublicKey | None:
    if kid is not None:
        return keys.get(kid)
    return next(iter(keys.values())) if len(keys) == 1 else None


class FileKeys:
    """Keys from a local file, read once."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            ValueError: not a JWKS with a usable key.
        """
        self._keys = read_key_set(path.read_bytes())

    def find(self, kid: str | None) -> KeyFound:
        """Return the key, if the file has it."""
        return KeyFound(key=_pick(self._keys, kid), may_refresh=False)

    def refresh(self) -> None:
        """Do nothing: a file is read at the start."""


def fetch(url: str) -> bytes:
    """Return the document at ``url``: 5 seconds, 1 MiB, no redirects.

    Raises:
        httpx2.HTTPError: it could not be had.
        ValueError: too large.
    """
    with httpx2.Client(timeout=5.0, follow_redirects=False) as client:
        response = client.get(url, headers={"accept": "application/json"})
        response.raise_for_status()
        if len(response.content) > _LARGEST_DOCUMENT:
            raise ValueError("the JWKS is larger than 1 MiB")
        return response.content


class RemoteKeys:
    """Keys from a URL, fetched when first needed, when an unknown ``kid`` turns up, and when they grow old.

    Between two fetches pass at least ``seconds_between`` seconds, whatever callers send. Where a fetch fails, the old
    keys serve until they are ``oldest`` seconds old; after that no token is accepted.
    """

    def __init__(
        self,
        url: str,
        *,
        monotonic: Callable[[], float],
        fetch: Callable[[str], bytes] = fetch,
        seconds_between: float = 30.0,
        refresh_after: float = 3_600.0,
        oldest: float = 86_400.0,
    ) -> None:
        """Take the URL, a monotonic clock in seconds and, for tests, another way to fetch."""
        self._url = url
        self._monotonic = monotonic
        self._fetch = fetch
        self._seconds_between = seconds_between
        self._refresh_after = refresh_after
        self._oldest = oldest
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._lock = threading.Lock()

    def find(self, kid: str | None) -> KeyFound:
        """Return the key of the cached set. Never touches the network.

        Raises:
            PublicKeysUnavailable: there are none, and it was tried too lately to try again.
        """
        now = self._monotonic()
        age = None if self._fetched is None else now - self._fetched
        may_refresh = self._tried is None or now - self._tried >= self._seconds_between
        if age is None or age > self._oldest:
            if may_refresh:
                return KeyFound(key=None, may_refresh=True)
            raise PublicKeysUnavailable(f"no usable keys from {self._url}")
        key = _pick(self._keys, kid)
        stale = age > self._refresh_after
        return KeyFound(key=key, may_refresh=may_refresh and (stale or key is None))

    def refresh(self) -> None:
        """Fetch once, however many callers ask at the same time; a failure keeps the old keys."""
        with self._lock:
            now = self._monotonic()
            if self._tried is not None and now - self._tried < self._seconds_between:
                return
            self._tried = now
            try:
                keys = read_key_set(self._fetch(self._url))
            except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError):
                return
            self._keys, self._fetched = keys, self._monotonic()
