"""Bearer tokens (RFC 7519, RFC 9068, RFC 8725) -> principals.

A token is checked in one order: size and form, issuer, algorithm from the issuer's list, key by ``kid``, signature,
type, times, audience, claims. Keys and locations that a token brings along (``jwk``, ``jku``, ``x5u``) are ignored.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from metricgate.adapters.identity import codes
from metricgate.adapters.identity.algorithms import ALGORITHMS
from metricgate.adapters.identity.claims import ClaimNames, principal_of
from metricgate.adapters.identity.credentials import refusal_of
from metricgate.adapters.identity.proven import NeedsKeys, Proven
from metricgate.adapters.identity.public_keys import PublicKeys, PublicKeysUnavailable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_PARTS: Final = 3
_LATEST: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who may issue tokens for this gateway and how they look.

    Attributes:
        issuer: the exact ``iss``.
        audience: what ``aud`` must contain: this gateway's resource URI.
        keys: where its public keys come from.
        algorithms: subset of ``ALGORITHMS``.
        types: accepted ``typ`` headers in lower case (``at+jwt``); empty accepts any.
        leeway: seconds of clock difference to forgive.
        claims: which claims say what.
    """

    issuer: str
    audience: str
    keys: PublicKeys
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    types: tuple[str, ...] = ()
    leeway: float = 30.0
    claims: ClaimNames = field(default_factory=ClaimNames)

    def __post_init__(self) -> None:
        unfit = [name for name in self.algorithms if name not in ALGORITHMS]
        if unfit or not self.algorithms:
            raise ValueError(f"algorithms must be of {sorted(ALGORITHMS)}, not {unfit}")


class Tokens:
    """Checks tokens of the configured issuers."""

    def __init__(self, issuers: tuple[Issuer, ...], *, now: Callable[[], float]) -> None:
        """Take the issuers and a clock of unix seconds.

        Raises:
            ValueError: two issuers of one name.
        """
        self._issuers = {each.issuer: each for each in issuers}
        if len(self._issuers) != len(issuers):
            raise ValueError("two issuers have the same name")
        self._now = now

    def prove(  # noqa: PLR0911 - one way out for each way to be wrong
        self, token: str
    ) -> Proven | NeedsKeys | Problems:
        """Return who the token proves, or the one problem with it."""
        parts = token.split(".")
        if len(parts) != _PARTS:
            return refusal_of(codes.UNAUTHENTICATED, "The bearer credential is neither a known key nor a token.")
        header, claims = _decode_object(parts[0]), _decode_object(parts[1])
        if header is None or claims is None:
            return refusal_of(codes.TOKEN_INVALID)
        issuer = self._issuers.get(str(claims.get("iss")))
        algorithm, kid = header.get("alg"), header.get("kid")
        if issuer is None or algorithm not in issuer.algorithms or not (kid is None or isinstance(kid, str)):
            return refusal_of(codes.TOKEN_INVALID)
        try:
            found = issuer.keys.find(kid)
        except PublicKeysUnavailable:
            return refusal_of(codes.KEYS_UNAVAILABLE)
        if found.may_refresh:
            return NeedsKeys(keys=issuer.keys)
        if found.key is None:
            return refusal_of(codes.TOKEN_INVALID)
        registry = JWSRegistry(algorithms=list(issuer.algorithms), strict_check_header=False)
        try:
            jws.deserialize_compact(token, found.key, registry=registry)
        except (JoseError, ValueError, TypeError):
            return refusal_of(codes.TOKEN_INVALID)
        return self._accept(issuer, header, claims)

    def _accept(  # noqa: PLR0911 - one way out for each way to be wrong
        self, issuer: Issuer, header: Mapping[str, Json], claims: Mapping[str, Json]
    ) -> Proven | Problems:
        """Check what the (by now proven) token says."""
        kind = str(header.get("typ", "")).lower().removeprefix("application/")
        if issuer.types and kind not in issuer.types:
            return refusal_of(codes.TOKEN_INVALID)
        now, expires = self._now(), _seconds(claims.get("exp"))
        if expires is None:
            return refusal_of(codes.TOKEN_INVALID)
        if now >= expires + issuer.leeway:
            return refusal_of(codes.TOKEN_EXPIRED)
        for name in ("nbf", "iat"):
            if name in claims:
                begin = _seconds(claims[name])
                if begin is None:
                    return refusal_of(codes.TOKEN_INVALID)
                if begin > now + issuer.leeway:
                    return refusal_of(codes.TOKEN_NOT_YET_VALID)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if issuer.audience not in audiences:
            return refusal_of(codes.TOKEN_AUDIENCE)
        principal = principal_of(claims, issuer.claims)
        if principal is None:
            return refusal_of(codes.TOKEN_INVALID)
        return Proven(principal=principal, until=expires + issuer.leeway)


def _decode_object(part: str) -> dict[str, Json] | None:
    try:
        value = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _seconds(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LATEST:
        return None
    return float(value)
