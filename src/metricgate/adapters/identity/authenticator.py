"""Headers -> who is calling. There is no anonymous caller."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from metricgate.adapters.identity import codes
from metricgate.adapters.identity.api_keys import API_KEY, ApiKeys
from metricgate.adapters.identity.credentials import CREDENTIAL_HEADERS, read_credential, refusal_of, single_headers
from metricgate.adapters.identity.proven import NeedsKeys, Proven
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems

if TYPE_CHECKING:
    from metricgate.adapters.identity.tokens import Tokens

_REMEMBERED: Final = 4_096
_LONGEST_MEMORY: Final = 60.0
_SAME_MOMENT: Final = 0.01


class Authenticator:
    """Lets callers in by API key or bearer token.

    A token whose signature was checked is remembered by its SHA-256 for at most a minute (and never past its expiry).
    A key that was let in is let in again by the same headers for 10 ms without a look-up: the command that revokes a
    key takes longer than that to return, so a revocation holds at once, and busy callers cost one look-up for many
    calls. What is refused is looked up each time.
    """

    def __init__(
        self,
        *,
        api_keys: ApiKeys | None,
        tokens: Tokens | None,
        now: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what callers may show (None switches a kind off), a clock of unix seconds and one that never jumps."""
        self._api_keys = api_keys
        self._tokens = tokens
        self._now = now
        self._monotonic = monotonic
        self._proven: OrderedDict[bytes, Proven] = OrderedDict()
        self._just_now: dict[tuple[tuple[bytes, bytes], ...], tuple[Principal, float]] = {}

    def authenticate(self, headers: Mapping[str, str]) -> Principal | Problems:
        """Return who calls. May fetch an issuer's keys: on an event loop use ``admit``."""
        found = self._try(headers)
        if isinstance(found, NeedsKeys):
            found.keys.refresh()
            found = self._try(headers)
        return refusal_of(codes.KEYS_UNAVAILABLE) if isinstance(found, NeedsKeys) else found

    async def admit(self, raw: Sequence[tuple[bytes, bytes]]) -> Principal | Problems:
        """Return who calls, from the headers as they came (names in lower case); fetches keys off the event loop."""
        shown = tuple([pair for pair in raw if pair[0] in CREDENTIAL_HEADERS])
        asked_at = self._monotonic()
        admitted = self._just_now.get(shown)
        if admitted is not None and asked_at < admitted[1]:
            return admitted[0]
        headers = single_headers(shown)
        if isinstance(headers, Problems):
            return headers
        found = self._try(headers)
        if isinstance(found, NeedsKeys):
            await asyncio.to_thread(found.keys.refresh)
            found = self._try(headers)
        if isinstance(found, Principal) and found.agent.method == API_KEY:
            if len(self._just_now) >= _REMEMBERED:
                self._just_now.clear()
            self._just_now[shown] = (found, asked_at + _SAME_MOMENT)
        return refusal_of(codes.KEYS_UNAVAILABLE) if isinstance(found, NeedsKeys) else found

    def _try(self, headers: Mapping[str, str]) -> Principal | NeedsKeys | Problems:
        credential = read_credential(headers)
        if isinstance(credential, Problems):
            return credential
        if credential.api_key:
            if self._api_keys is None:
                return refusal_of(codes.UNAUTHENTICATED, "API keys are not taken here.")
            return self._api_keys.principal(credential)
        if self._tokens is None:
            return refusal_of(codes.UNAUTHENTICATED, "Bearer tokens are not taken here; send an API key.")
        return self._token(self._tokens, credential.secret)

    def _token(self, tokens: Tokens, token: str) -> Principal | NeedsKeys | Problems:
        digest = hashlib.sha256(token.encode("ascii")).digest()
        known = self._proven.get(digest)
        now = self._now()
        if known is not None and now < known.until:
            return known.principal
        proven = tokens.prove(token)
        if not isinstance(proven, Proven):
            self._proven.pop(digest, None)
            return proven
        self._proven[digest] = Proven(principal=proven.principal, until=min(proven.until, now + _LONGEST_MEMORY))
        self._proven.move_to_end(digest)
        if len(self._proven) > _REMEMBERED:
            self._proven.popitem(last=False)
        return proven.principal
