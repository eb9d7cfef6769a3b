"""Local logins: what opens a session, what does not, and how guessing is slowed without locking anybody out."""

import asyncio
import sqlite3

import pytest
from tests.surfaces.human.conftest import ANA, BO, PASSWORD

from metricgate.adapters.identity.people import enroll, unfit
from metricgate.gateway.people import Login
from metricgate.vocabulary.problem import Problems


@pytest.fixture
def asked(house):
    """A login of Ana's as it should be; what is given replaces a part of it."""

    def make(**more):
        given = {"name": ANA, "address": "10.0.0.1", "channel": "api", **house.credentials(ANA)}
        return Login(**{**given, **more})

    return make


def opened(house, login):
    """The code of the refusal, or None where a session was opened."""
    answer = asyncio.run(house.people.login(login))
    return answer.first.code.name if isinstance(answer, Problems) else None


def settle(house, asked):
    """Log in for the first time; return what was left with the device."""
    answer = asyncio.run(house.people.login(asked()))
    house.secrets[ANA] = (PASSWORD, house.secrets[ANA][1])
    return answer.device


def test_first_login_takes_a_new_password(house, asked):
    """A one-time password opens nothing by itself, ends with its use, and after three days."""
    assert opened(house, asked(new_password=None)) == "E_NEW_PASSWORD_NEEDED"
    assert opened(house, asked(new_password="short")) == "E_WEAK_PASSWORD"
    assert opened(house, asked(new_password=house.secrets[ANA][0])) == "E_WEAK_PASSWORD"
    login = asked()
    assert opened(house, login) is None
    assert opened(house, asked(password=login.password)) == "E_LOGIN_REFUSED"
    assert opened(house, asked(password=PASSWORD)) is None
    house.add(BO)
    house.clock.now += 73 * 3_600
    late = Login(address="10.0.0.9", channel="api", **house.credentials(BO))
    assert opened(house, late) == "E_LOGIN_REFUSED"


def test_a_code_is_good_once(house, asked):
    """Replay is refused, in its own step and in the neighbouring ones; so is a code of long ago."""
    settle(house, asked)
    login = asked()
    assert opened(house, login) is None
    assert opened(house, login) == "E_LOGIN_REFUSED"
    old = asked()
    house.clock.now += 90
    assert opened(house, old) == "E_LOGIN_REFUSED"
    assert opened(house, asked(code="000000")) == "E_LOGIN_REFUSED"
    assert opened(house, asked(code="")) == "E_LOGIN_REFUSED"
    assert opened(house, asked(code="١٢٣٤٥٦")) == "E_LOGIN_REFUSED"


def test_one_refusal_for_all_that_is_wrong(house, asked):
    """Nothing tells whether there is such a person, or which part was wrong."""
    settle(house, asked)
    wrong = [asked(password="x"), asked(code="1"), asked(name="nobody@acme.example"), asked(name="ANA@acme.example")]
    answers = {str(asyncio.run(house.people.login(each))) for each in wrong}
    assert len(answers) == 1


def test_guessing_is_slowed_and_nobody_locked_out(house, asked):
    """An address waits longer and longer; a known device does not wait for it; everybody may try again in time."""
    device = settle(house, asked)
    guess = asked(password="guess", code="1", address="6.6.6.6")
    tries = 0
    for _ in range(120):
        house.clock.now += 15
        tries += opened(house, guess) == "E_LOGIN_REFUSED"
    assert tries < 18
    assert opened(house, guess) == "E_LOGIN_TOO_OFTEN"
    assert opened(house, asked(address="10.0.0.1", device=device)) is None
    for number in range(22):
        house.clock.now += 31
        opened(house, asked(password="guess", code="1", address=f"6.6.7.{number}"))
    assert opened(house, asked(device=device)) is None
    house.clock.now += 31
    assert opened(house, asked(address="10.9.9.9")) is None, "a new device waits half a minute at most"
    house.clock.now += 901
    assert opened(house, asked(address="6.6.6.6")) is None


def test_codes_are_guessed_even_more_slowly(house, asked):
    """With the password in hand there are a few tries at the code, then up to an hour's wait; a device is not held."""
    device = settle(house, asked)
    tries = 0
    for number in range(100):
        house.clock.now += 30
        tries += opened(house, asked(code="000000", address=f"7.7.7.{number}")) == "E_LOGIN_REFUSED"
    assert tries < 18
    assert opened(house, asked(device=device)) is None


def test_what_is_kept_opens_nothing(house, asked):
    """Neither passwords nor tokens stand in the file; failed logins are told once a minute."""
    settle(house, asked)
    answer = asyncio.run(house.people.login(asked()))
    for _ in range(5):
        opened(house, asked(password="wrong"))
    path = next(row[2] for row in house.store._connection.execute("PRAGMA database_list"))
    dump = "\n".join(sqlite3.connect(path).iterdump())
    for secret in (PASSWORD, answer.token, answer.device or answer.token):
        assert secret not in dump
    assert "$argon2id$" in dump
    events = [each.event for each in house.store.notices()]
    assert events.count("gov.person.logged_in") == 2
    assert events.count("gov.person.login_refused") <= 3


def test_names_are_one_person_each(house):
    """The same name in other letters is taken."""
    house.add(ANA)
    record, paper = enroll("ANA@Acme.example", (), house.clock(), issuer="acme")
    assert record.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not house.store.add(record)
    assert paper.otpauth.startswith("otpauth://totp/acme:ANA%40Acme.example?secret=")


@pytest.mark.parametrize("password", ["short", "ana12345678901", "aaaaaaaaaaaaaaaa", "x" * 300])
def test_weak_passwords(password):
    assert unfit(password, ANA) is not None
