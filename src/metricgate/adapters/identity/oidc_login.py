"""People's login at an OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core, RFC 9700).

What a login must bring back lies in the browser's cookie, sealed with a key of this process: nothing is kept here, so
nobody can fill a memory with logins that are never finished. After a restart a login begun before must begin anew.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx2
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from metricgate.adapters.identity import people_codes as codes
from metricgate.adapters.identity.algorithms import ALGORITHMS
from metricgate.adapters.identity.credentials import refusal_of
from metricgate.adapters.identity.people import LocalPeople
from metricgate.adapters.identity.public_keys import PublicKeysUnavailable, RemoteKeys, fetch
from metricgate.gateway.people import OpenedSession, Redirect
from metricgate.gateway.people_service import Person
from metricgate.state.people import PeopleUnavailable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

METHOD: Final = "oidc"
_SECONDS: Final = 600
_LARGEST: Final = 1_048_576
_LONGEST_ID: Final = 320
_MOST_GROUPS: Final = 1_000
_DISCOVERY_SECONDS: Final = 3_600.0
_LOOPBACK: Final = {"127.0.0.1", "localhost", "::1"}
_PARTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """An OpenID provider, and this gateway as its client.

    Attributes:
        issuer: the exact ``iss``; its configuration is at ``/.well-known/openid-configuration`` below it.
        redirect_uri: where the browser comes back to.
        user_claim: names the person as policies do. ``email`` counts only where the provider verified it.
        required_amr: ways of proof of which the provider must name one in ``amr``; empty asks for none.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    user_claim: str = "email"
    groups_claim: str = "groups"
    required_amr: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")
    leeway: float = 30.0

    def __post_init__(self) -> None:
        if not self.algorithms or not set(self.algorithms) <= ALGORITHMS:
            raise ValueError(f"algorithms must be of {sorted(ALGORITHMS)}")
        if not _is_safe_url(self.issuer):
            raise ValueError("the issuer must be an https URL")


class _NoLogin(Exception):
    """Why a login fails: for the log, never for the browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoints:
    authorization: str
    token: str
    keys: RemoteKeys
    read_at: float


class OidcLogin:
    """Implements ``gateway.people.ElsewhereLogin``."""

    def __init__(
        self, provider: Provider, people: LocalPeople, *, now: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        """Take the provider, where sessions are opened, a clock of unix seconds and one that never jumps."""
        self._provider = provider
        self._people = people
        self._now = now
        self._monotonic = monotonic
        self._seal = AESGCM(AESGCM.generate_key(256))
        self._endpoints: _Endpoints | None = None

    async def begin(self) -> Redirect | Problems:
        """Return where the browser goes."""
        try:
            endpoints = await asyncio.to_thread(self._discover)
        except (_NoLogin, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return self._refuse(codes.OIDC_UNAVAILABLE.name, error)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._provider.redirect_uri,
            "scope": " ".join(self._provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(endpoints.authorization).query else "?"
        kept: dict[str, Json] = {"state": state, "nonce": nonce, "verifier": verifier, "until": self._now() + _SECONDS}
        return Redirect(url=f"{endpoints.authorization}{joint}{urlencode(query)}", sealed=self._sealed(kept))

    async def finish(
        self, *, sealed: str, state: str, code: str, issuer: str | None, address: str
    ) -> OpenedSession | Problems:
        """Open a session for whom the provider says it is."""
        try:
            return await asyncio.to_thread(self._finish, sealed, state, code, issuer, address)
        except (httpx2.HTTPError, httpx2.InvalidURL, PublicKeysUnavailable) as error:
            return self._refuse(codes.OIDC_UNAVAILABLE.name, error)
        except (_NoLogin, ValueError) as error:
            return self._refuse(codes.OIDC_REFUSED.name, error)
        except PeopleUnavailable:
            return refusal_of(codes.PEOPLE_UNAVAILABLE)

    def _finish(self, sealed: str, state: str, code: str, issuer: str | None, address: str) -> OpenedSession:
        kept = self._unsealed(sealed)
        if not hmac.compare_digest(str(kept["state"]).encode(), state.encode(errors="replace")) or not code:
            raise _NoLogin("the state does not fit the browser's cookie, or there is no code")
        if issuer is not None and issuer != self._provider.issuer:
            raise _NoLogin("the answer is of another issuer")
        endpoints = self._discover()
        token = self._redeem(endpoints, code, str(kept["verifier"]))
        claims = self._proven(endpoints.keys, token)
        self._check(claims, str(kept["nonce"]))
        person = Person(id=self._user(claims), method=METHOD, channel="console", groups=self._groups(claims))
        return self._people.open(person, address=address)

    def _discover(self) -> _Endpoints:
        known = self._endpoints
        if known is not None and self._monotonic() < known.read_at + _DISCOVERY_SECONDS:
            return known
        document = json.loads(fetch(f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if not isinstance(document, dict) or document.get("issuer") != self._provider.issuer:
            raise _NoLogin("the provider's configuration names another issuer")
        found = {name: document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        for name, url in found.items():
            if not isinstance(url, str) or not _is_safe_url(url):
                raise _NoLogin(f"the provider's {name} is no https URL")
        self._endpoints = _Endpoints(
            authorization=str(found["authorization_endpoint"]),
            token=str(found["token_endpoint"]),
            keys=RemoteKeys(str(found["jwks_uri"]), monotonic=self._monotonic),
            read_at=self._monotonic(),
        )
        return self._endpoints

    def _redeem(self, endpoints: _Endpoints, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._provider.redirect_uri,
            "client_id": self._provider.client_id,
            "code_verifier": verifier,
        }
        if self._provider.client_secret is not None:
            form["client_secret"] = self._provider.client_secret
        with httpx2.Client(timeout=5.0, follow_redirects=False) as client:
            answer = client.post(endpoints.token, data=form, headers={"accept": "application/json"})
        if answer.status_code != 200 or len(answer.content) > _LARGEST:  # noqa: PLR2004
            raise _NoLogin(f"the token endpoint answered {answer.status_code}")
        document = answer.json()
        token = document.get("id_token") if isinstance(document, dict) else None
        if not isinstance(token, str):
            raise _NoLogin("the token endpoint gave no id_token")
        return token

    def _proven(self, keys: RemoteKeys, token: str) -> Mapping[str, Json]:
        header = _token_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._provider.algorithms or not (kid is None or isinstance(kid, str)):
            raise _NoLogin("the id_token's algorithm is not taken")
        found = keys.find(kid)
        if found.key is None and found.may_refresh:
            keys.refresh()
            found = keys.find(kid)
        if found.key is None:
            raise _NoLogin("the id_token's key is none of the provider's")
        registry = JWSRegistry(algorithms=list(self._provider.algorithms), strict_check_header=False)
        try:
            proven = jws.deserialize_compact(token, found.key, registry=registry)
        except (JoseError, TypeError) as error:
            raise _NoLogin(f"the id_token's signature is not right: {error}") from error
        claims = json.loads(proven.payload)
        if not isinstance(claims, dict):
            raise _NoLogin("the id_token holds no claims")
        return claims

    def _check(self, claims: Mapping[str, Json], nonce: str) -> None:
        now, leeway = self._now(), self._provider.leeway
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        several = len(audiences) > 1
        expires, issued = claims.get("exp"), claims.get("iat")
        given = claims.get("nonce")
        amr = claims.get("amr")
        proofs = {str(each) for each in amr} if isinstance(amr, list) else set()
        wrong = {
            "issuer": claims.get("iss") != self._provider.issuer,
            "audience": self._provider.client_id not in audiences,
            "azp": (several or "azp" in claims) and claims.get("azp") != self._provider.client_id,
            "exp": not isinstance(expires, int | float) or now >= expires + leeway,
            "iat": not isinstance(issued, int | float) or issued > now + leeway,
            "nonce": not isinstance(given, str)
            or not hmac.compare_digest(given.encode(errors="replace"), nonce.encode()),
            "amr": bool(self._provider.required_amr) and proofs.isdisjoint(self._provider.required_amr),
        }
        if any(wrong.values()):
            raise _NoLogin(f"the id_token's {', '.join(name for name, each in wrong.items() if each)} does not fit")

    def _user(self, claims: Mapping[str, Json]) -> str:
        user = claims.get(self._provider.user_claim)
        if not isinstance(user, str) or not user.strip() or len(user) > _LONGEST_ID or not user.isprintable():
            raise _NoLogin(f"the id_token's {self._provider.user_claim} names nobody")
        if self._provider.user_claim == "email" and claims.get("email_verified") is not True:
            raise _NoLogin("the provider did not verify the address")
        return user

    def _groups(self, claims: Mapping[str, Json]) -> tuple[str, ...]:
        groups = claims.get(self._provider.groups_claim)
        listed = groups if isinstance(groups, list) else [] if groups is None else [groups]
        return tuple(each for each in listed[:_MOST_GROUPS] if isinstance(each, str))

    def _sealed(self, kept: Mapping[str, Json]) -> str:
        nonce = secrets.token_bytes(12)
        sealed = nonce + self._seal.encrypt(nonce, json.dumps(dict(kept)).encode(), b"oidc login")
        return base64.urlsafe_b64encode(sealed).decode()

    def _unsealed(self, sealed: str) -> Mapping[str, Json]:
        try:
            raw = base64.urlsafe_b64decode(sealed.encode())
            kept = json.loads(self._seal.decrypt(raw[:12], raw[12:], b"oidc login"))
        except (InvalidTag, ValueError) as error:
            raise _NoLogin("the browser's cookie is not one of this process") from error
        if self._now() >= float(kept["until"]):
            raise _NoLogin("the login took too long")
        found: Mapping[str, Json] = kept
        return found

    def _refuse(self, code: str, error: Exception) -> Problems:
        structlog.get_logger("metricgate.people").warning("oidc_login_refused", code=code, reason=str(error))
        return refusal_of(codes.OIDC_UNAVAILABLE if code == codes.OIDC_UNAVAILABLE.name else codes.OIDC_REFUSED)


def _is_safe_url(url: str) -> bool:
    """Whether a URL is https, or on this machine."""
    parts = urlsplit(url)
    return bool(parts.netloc) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))


def _token_header(token: str) -> Mapping[str, Json]:
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise _NoLogin("the id_token is none")
    header = json.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    return header if isinstance(header, dict) else {}
