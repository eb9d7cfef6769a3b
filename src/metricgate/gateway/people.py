"""People and how they prove who they are, as the doors need it. No agent's credential opens any of this."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from metricgate.gateway.people_service import Person
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What somebody shows at a login.

    Attributes:
        code: of the authenticator app, six digits.
        new_password: takes the place of a one-time password.
        address: where the request came from, for throttling.
        device: what an earlier login left with this device, if it sends it.
        channel: ``console``, ``api`` or ``cli``.
    """

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)
    new_password: str | None = field(default=None, repr=False)
    address: str
    device: str | None = field(default=None, repr=False)
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSession:
    """A session that is open.

    Attributes:
        csrf: the secret that forms of this session carry.
        expires_at: when it ends at the latest; idleness ends it earlier.
    """

    person: Person
    csrf: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """A new session. ``token`` and ``device`` exist here and nowhere else; digests of them are kept."""

    token: str = field(repr=False)
    device: str | None = field(default=None, repr=False)
    session: PersonSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where a browser goes to log in elsewhere, and what it must bring back: ``sealed`` lies in its cookie."""

    url: str
    sealed: str = field(repr=False)


class ElsewhereLogin(Protocol):
    """Logins at an OpenID provider."""

    async def begin(self) -> Redirect | Problems:
        """Return where the browser goes."""
        ...

    async def finish(
        self, *, sealed: str, state: str, code: str, issuer: str | None, address: str
    ) -> OpenedSession | Problems:
        """Open a session for whom the provider says it is. ``issuer`` as RFC 9207 returns it, if it does."""
        ...


class People(Protocol):
    """Local users and everybody's sessions."""

    async def login(self, asked: Login) -> OpenedSession | Problems:
        """Open a session. One refusal for every way to be wrong; too many failures must wait."""
        ...

    async def session(self, token: str) -> PersonSession | None:
        """Return the open session of a token, and note that it is used; None where there is none."""
        ...

    async def logout(self, token: str) -> None:
        """End a session; nothing happens where there is none."""
        ...
