"""Local users: a password (argon2id) and a code of an authenticator app (RFC 6238), then a session.

Guessing is slowed down, nobody is locked out for good. Failures count under the device that a person logged in with
before (a secret that only that browser or command line has), else under name and address; strangers' failures from
everywhere together delay strangers by at most half a minute, and delay no known device at all. Wrong codes after a
right password count on their own and delay for longer: only who has the password can cause that.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pyotp
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from metricgate.adapters.identity import people_codes as codes
from metricgate.adapters.identity.credentials import refusal_of
from metricgate.gateway.people import Login, OpenedSession, PersonSession
from metricgate.gateway.people_service import Person
from metricgate.ledger.events import names
from metricgate.state.people import PASSWORD, PeopleAndSessions, PeopleUnavailable, PersonRecord, SessionRecord
from metricgate.vocabulary.problem import Problems

SESSION_PREFIX: Final = "mgp_"
"""Of a person's session token, which is no agent's key (``mg_``) and never taken for one."""
SHORTEST: Final = 12
_LONGEST: Final = 256
_LONGEST_NAME: Final = 320
_STEP_SECONDS: Final = 30
_STEPS: Final = (-1, 0, 1)
_FREE_FAILURES: Final = 4
_ONE_TIME_SECONDS: Final = 72 * 3600.0
_REMEMBERED_SECONDS: Final = 86_400.0
_TOUCH_SECONDS: Final = 15.0
_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimes:
    """How long sessions last, in seconds: unused, and at the longest."""

    idle: float = 1_800.0
    longest: float = 43_200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """What the operator hands to a person, once: a one-time password and the address for the authenticator app."""

    name: str
    one_time_password: str
    otpauth: str
    until: datetime


class LocalPeople:
    """Implements ``gateway.people.People``."""

    def __init__(
        self,
        store: PeopleAndSessions,
        *,
        now: Callable[[], float],
        times: SessionTimes | None = None,
        hasher: PasswordHasher | None = None,
    ) -> None:
        """Take the store, a clock of unix seconds and, for tests, cheaper hashes."""
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))
        self._store = store
        self._now = now
        self._times = times or SessionTimes()
        # Each check takes 64 MiB for a moment: a crowd at the door must not take the machine.
        self._checks = threading.BoundedSemaphore(_AT_ONCE)

    async def login(self, asked: Login) -> OpenedSession | Problems:
        """Open a session for a right password and a code that was not used before."""
        try:
            return await asyncio.to_thread(self._login, asked)
        except PeopleUnavailable as error:
            structlog.get_logger("metricgate.people").error("login_impossible", error=str(error))
            return refusal_of(codes.PEOPLE_UNAVAILABLE)

    async def session(self, token: str) -> PersonSession | None:
        """Return the open session."""
        if not token.startswith(SESSION_PREFIX) or len(token) > _LONGEST:
            return None
        try:
            return await asyncio.to_thread(self._session, token)
        except PeopleUnavailable:
            return None

    async def logout(self, token: str) -> None:
        """End the session."""
        await asyncio.to_thread(self._store.close_session, token)

    def open(self, person: Person, *, address: str, device: str | None = None) -> OpenedSession:
        """Open a session for somebody who has proved who they are.

        Raises:
            PeopleUnavailable: it cannot be kept.
        """
        now = self._now()
        token = f"{SESSION_PREFIX}{secrets.token_urlsafe(32)}"
        record = SessionRecord(
            person=person.id,
            method=person.method,
            channel=person.channel,
            groups=person.groups,
            csrf=secrets.token_urlsafe(32),
            created=now,
            seen=now,
            expires=now + self._times.longest,
        )
        self._store.open_session(token, record, device=device, address=address)
        return OpenedSession(token=token, device=device, session=_as_session(record))

    def _session(self, token: str) -> PersonSession | None:
        record = self._store.session(token)
        now = self._now()
        if record is None or now >= record.expires or now >= record.seen + self._times.idle:
            return None
        if record.method == PASSWORD and not self._store.knows(record.person):
            return None
        if now >= record.seen + _TOUCH_SECONDS:
            self._store.touch(token, now)
        return _as_session(record)

    def _login(self, asked: Login) -> OpenedSession | Problems:
        name = asked.name.strip()
        if not name or max(len(name), len(asked.password)) > _LONGEST_NAME:
            return refusal_of(codes.LOGIN_REFUSED)
        known = asked.device is not None and self._store.knows_device(asked.device, name)
        keys = [f"device:{name}"] if known else [f"at:{asked.address}:{name}", f"name:{name}", f"from:{asked.address}"]
        codes_key = f"devcode:{name}" if known else f"code:{name}"
        wait = max(self._wait(key) for key in (*keys, codes_key))
        if wait > 0:
            return refusal_of(codes.LOGIN_TOO_OFTEN, f"Too many logins failed; try again in {int(wait) + 1} seconds.")
        person = self._store.find(name)
        right = self._right_password(person, asked.password)
        now = self._now()
        if person is None or not right or (person.one_time_until is not None and now >= person.one_time_until):
            return self._failed(keys, asked, name)
        step = _step_of(person.totp, asked.code, now)
        fresh = _new_password(person, asked) if step is not None and step > person.last_step else None
        if isinstance(fresh, Problems):
            return fresh
        encoded = None if fresh is None else self._hash(fresh)
        if step is None or not self._store.use_code(name, step, new_password=encoded):
            return self._failed([codes_key, *keys[:1]], asked, name)
        if encoded is None and self._hasher.check_needs_rehash(person.password):
            self._store.rehash(name, person.password, self._hash(asked.password))
        self._store.clear([*keys[:1], codes_key])
        who = Person(id=name, method=PASSWORD, channel=asked.channel, groups=person.groups)
        return self.open(who, address=asked.address, device=None if known else secrets.token_urlsafe(32))

    def _right_password(self, person: PersonRecord | None, password: str) -> bool:
        """Check; the same work is done for a name that nobody has."""
        with self._checks:
            try:
                right = self._hasher.verify(
                    self._nobody if person is None else person.password, _normalize_password(password)
                )
            except (VerificationError, InvalidHashError):
                return False
        return right and person is not None

    def _hash(self, password: str) -> str:
        with self._checks:
            return self._hasher.hash(_normalize_password(password))

    def _failed(self, keys: list[str], asked: Login, name: str) -> Problems:
        now = self._now()
        fields = {
            names.PERSON_ID: name[:_LONGEST_NAME],
            names.CLIENT_ADDRESS: asked.address,
            names.PERSON_CHANNEL: asked.channel,
        }
        self._store.count_failure(keys, now, forget_before=now - _REMEMBERED_SECONDS, fields=fields)
        return refusal_of(codes.LOGIN_REFUSED)

    def _wait(self, key: str) -> float:
        """Seconds to wait before another try under a key: doubling, up to an end for each kind of key."""
        kind = key.partition(":")[0]
        free, most = {
            "name": (20, 30.0),
            "from": (30, 300.0),
            "code": (_FREE_FAILURES, 3_600.0),
            "devcode": (_FREE_FAILURES, 300.0),
        }.get(kind, (_FREE_FAILURES, 900.0))
        failures, last = self._store.attempts(key)
        if failures <= free:
            return 0.0
        return last + min(most, 2.0 ** min(failures - free, 20)) - self._now()


def enroll(
    name: str, groups: tuple[str, ...], now: float, *, issuer: str, hasher: PasswordHasher | None = None
) -> tuple[PersonRecord, Enrolled]:
    """Return a new person (or the same one anew) and what the operator hands over."""
    one_time = "-".join(secrets.token_hex(2) for _ in range(6))
    secret = pyotp.random_base32(32)
    record = PersonRecord(
        name=name,
        password=(hasher or PasswordHasher()).hash(one_time),
        one_time_until=now + _ONE_TIME_SECONDS,
        totp=secret,
        last_step=0,
        groups=groups,
        created=now,
    )
    uri = pyotp.TOTP(secret, interval=_STEP_SECONDS).provisioning_uri(name=name, issuer_name=issuer)
    until = datetime.fromtimestamp(now + _ONE_TIME_SECONDS, UTC)
    return record, Enrolled(name=name, one_time_password=one_time, otpauth=uri, until=until)


def _new_password(person: PersonRecord, asked: Login) -> str | Problems | None:
    """Return the password that takes the place of a one-time one; None where the password is a person's own."""
    if person.one_time_until is None:
        return None
    if asked.new_password is None:
        return refusal_of(codes.NEW_PASSWORD_NEEDED)
    weak = unfit(asked.new_password, person.name)
    if weak is None and _normalize_password(asked.new_password) == _normalize_password(asked.password):
        weak = "The new password is the one-time password."
    return asked.new_password if weak is None else refusal_of(codes.WEAK_PASSWORD, weak)


def unfit(password: str, name: str) -> str | None:
    """Return why a password is not taken, or None."""
    plain = _normalize_password(password)
    if len(plain) < SHORTEST:
        return f"A password has at least {SHORTEST} characters."
    if len(plain) > _LONGEST:
        return f"A password has at most {_LONGEST} characters."
    if name.partition("@")[0].casefold() in plain.casefold() or len(set(plain)) < SHORTEST // 2:
        return "The password holds the name, or too few different characters."
    return None


def _as_session(record: SessionRecord) -> PersonSession:
    person = Person(id=record.person, method=record.method, channel=record.channel, groups=record.groups)
    return PersonSession(
        person=person,
        csrf=record.csrf,
        expires_at=datetime.fromtimestamp(record.expires, UTC),
    )


def _step_of(secret: str, code: str, now: float) -> int | None:
    """Return the time step whose code this is: this one, the one before or the next."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret, interval=_STEP_SECONDS)
    current = int(now) // _STEP_SECONDS
    fits = [current + off for off in _STEPS if hmac.compare_digest(totp.generate_otp(current + off), digits)]
    return max(fits, default=None)


def _normalize_password(password: str) -> str:
    """One form for passwords that look the same, however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)
