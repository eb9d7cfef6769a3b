"""API keys -> principals. What a key is stays with the store; this says what it lets its bearer be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from metricgate.adapters.identity import codes
from metricgate.adapters.identity.credentials import Credential, refusal_of
from metricgate.state.keys import KeysUnavailable, RefusedKey
from metricgate.vocabulary.principal import AttributeValue, Identity, Principal, Proof
from metricgate.vocabulary.problem import Code, Problems

API_KEY: Final = "api_key"
"""How an agent known by a key was proved."""


class KeyGrant(Protocol):
    """What the store knows of a key."""

    @property
    def name(self) -> str:
        """The key's public name."""
        ...

    @property
    def agent(self) -> str:
        """The agent that the key proves."""
        ...

    @property
    def may_act_for(self) -> tuple[str, ...]:
        """Users: exact names, ``*@acme.example`` for everyone of a domain, ``*`` for everyone."""
        ...

    @property
    def or_alone(self) -> bool:
        """Whether a key that may act for users may also act for nobody. A key for no user always acts alone."""
        ...

    @property
    def expires_at(self) -> float | None:
        """Unix seconds, or None for never."""
        ...

    @property
    def revoked(self) -> bool:
        """Whether it was revoked."""
        ...

    @property
    def attributes(self) -> Mapping[str, AttributeValue]:
        """Attributes of the agent that row filters may use."""
        ...


class KeyLookup(Protocol):
    """Where keys are kept, as hashes."""

    def find(self, text: str, /) -> KeyGrant | None:
        """Return the key of that text, also a revoked or expired one, or None. Takes microseconds.

        Raises:
            KeysUnavailable: the store cannot be read.
        """
        ...


OnRefusedKey = Callable[[RefusedKey], None]


def no_notice(_refused: RefusedKey) -> None:
    """Take no note of refused keys."""


class ApiKeys:
    """Checks API keys. Nothing is remembered here, so that a revocation holds from the next call on."""

    def __init__(self, store: KeyLookup, *, now: Callable[[], float], on_refused: OnRefusedKey = no_notice) -> None:
        """Take the store, a clock of unix seconds, and whom to tell of known keys that were refused."""
        self._store = store
        self._now = now
        self._on_refused = on_refused

    def principal(self, credential: Credential) -> Principal | Problems:
        """Return the agent of the key, and the user it asserts to act for where the key allows it."""
        try:
            record = self._store.find(credential.secret)
        except KeysUnavailable:
            return refusal_of(codes.KEY_STORE_UNAVAILABLE)
        if record is None:
            return refusal_of(codes.UNAUTHENTICATED, "The API key is not known here.")
        wrong = self._unusable(record) or _user_mismatch(credential.user, record)
        if wrong is not None:
            self._on_refused(RefusedKey(name=record.name, agent=record.agent, code=wrong))
            return refusal_of(wrong)
        agent = Identity(
            id=record.agent,
            proof=Proof.VERIFIED,
            method=API_KEY,
            attributes=tuple(sorted(record.attributes.items())),
        )
        user = credential.user
        asserted = None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="header")
        return Principal(agent=agent, user=asserted, credential=record.name)

    def _unusable(self, record: KeyGrant) -> Code | None:
        if record.revoked:
            return codes.KEY_REVOKED
        expired = record.expires_at is not None and self._now() >= record.expires_at
        return codes.KEY_EXPIRED if expired else None


def _user_mismatch(user: str | None, record: KeyGrant) -> Code | None:
    """Return why a call for this user, or for none, is not let in.

    Rights are those that agent and user share: an agent that could leave its user out would have more.
    """
    if user is not None:
        return None if _allowed(user, record.may_act_for) else codes.MAY_NOT_ACT_FOR
    return codes.MUST_NAME_USER if record.may_act_for and not record.or_alone else None


def _allowed(user: str, patterns: tuple[str, ...]) -> bool:
    return any(
        pattern in {user, "*"} or (pattern.startswith("*@") and user.endswith(pattern[1:]) and user != pattern[1:])
        for pattern in patterns
    )
