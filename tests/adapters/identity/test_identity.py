# ruff: noqa: D101, D102 - the stand-ins below are described by the tests
import asyncio
import base64
import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from metricgate.adapters.identity import codes
from metricgate.adapters.identity.api_keys import ApiKeys
from metricgate.adapters.identity.authenticator import Authenticator
from metricgate.adapters.identity.claims import ClaimNames
from metricgate.adapters.identity.public_keys import FileKeys, RemoteKeys
from metricgate.adapters.identity.tokens import Issuer, Tokens
from metricgate.vocabulary.principal import Principal

ISSUER, RESOURCE, NOW = "https://id.acme.example", "https://gate.acme.example/mcp", 1_800_000_000.0
RSA = RSAKey.generate_key(2048, {"kid": "r1"})
EC = ECKey.generate_key("P-256", {"kid": "e1"})
STRANGER = RSAKey.generate_key(2048, {"kid": "r1"})
NEXT = ECKey.generate_key("P-256", {"kid": "e2"})
CLAIMS = {
    "iss": ISSUER,
    "aud": [RESOURCE],
    "sub": "ana",
    "client_id": "copilot",
    "exp": NOW + 600,
    "iat": NOW - 5,
    "groups": ["finance"],
    "region": "EU",
}


def jwks(*keys):
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def sign(claims=None, key=EC, header=None, drop=()):
    head = {"alg": "ES256" if isinstance(key, ECKey) else "RS256", "kid": key.kid, **(header or {})}
    body = {name: value for name, value in {**CLAIMS, **(claims or {})}.items() if name not in drop}
    return jwt.encode(head, body, key, algorithms=["ES256", "RS256", "HS256"])


@dataclass
class Clock:
    now: float = NOW

    def __call__(self):
        return self.now


@dataclass
class Web:
    """A JWKS endpoint that counts and can fail."""

    keys: tuple = (EC, RSA)
    fails: bool = False
    fetched: int = 0

    def __call__(self, _url):
        self.fetched += 1
        if self.fails:
            raise OSError("no route")
        return jwks(*self.keys)


@dataclass
class Door:
    clock: Clock = field(default_factory=Clock)
    web: Web = field(default_factory=Web)
    more: dict = field(default_factory=dict)

    def __post_init__(self):
        keys = RemoteKeys("https://id/jwks", monotonic=self.clock, fetch=self.web)
        names = ClaimNames(attributes=("region",), **self.more.pop("claims", {}))
        issuer = Issuer(issuer=ISSUER, audience=RESOURCE, keys=keys, claims=names, **self.more)
        self.authenticator = Authenticator(api_keys=None, tokens=Tokens((issuer,), now=self.clock), now=self.clock)

    def show(self, token):
        return asyncio.run(self.authenticator.admit([(b"authorization", b"Bearer " + token.encode())]))

    def code(self, token):
        found = self.show(token)
        assert not isinstance(found, Principal), "was let in"
        return found.first.code


def unsigned(alg):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': alg, 'kid': 'e1'})}.{part(CLAIMS)}."


def test_a_good_token_names_agent_and_user():
    """A delegated token proves both, with groups and attributes at the user."""
    found = Door().show(sign())
    assert (found.agent.id, found.user.id, str(found.user.proof)) == ("copilot", "ana", "verified")
    assert found.user.groups == ("finance",)
    assert dict(found.user.attributes) == {"region": "EU"}


def test_an_applications_own_token_has_no_user():
    """Client credentials: the subject is the client; groups are the agent's."""
    found = Door().show(sign({"sub": "copilot"}))
    assert found.user is None
    assert found.agent.groups == ("finance",)


def test_act_names_the_agent():
    """RFC 8693: with act, the actor is the agent and the subject the user."""
    found = Door().show(sign({"act": {"sub": "planner"}}))
    assert (found.agent.id, found.user.id) == ("planner", "ana")


def test_a_user_token_without_the_user_claim_proves_nobody():
    """Where users are named by email, a token with a subject but no email is refused, never widened to the agent."""
    door = Door(more={"claims": {"user": "email"}})
    assert door.code(sign()) is codes.TOKEN_INVALID
    assert door.code(sign({"email": "a@b.c", "email_verified": False})) is codes.TOKEN_INVALID
    assert door.show(sign({"email": "a@b.c"})).user.id == "a@b.c"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (sign({"exp": NOW - 31}), codes.TOKEN_EXPIRED),
        (sign(drop=("exp",)), codes.TOKEN_INVALID),
        (sign({"exp": "soon"}), codes.TOKEN_INVALID),
        (sign({"exp": True}), codes.TOKEN_INVALID),
        (sign({"nbf": NOW + 60}), codes.TOKEN_NOT_YET_VALID),
        (sign({"iat": NOW + 60}), codes.TOKEN_NOT_YET_VALID),
        (sign({"aud": "https://other.example/mcp"}), codes.TOKEN_AUDIENCE),
        (sign({"aud": f"{RESOURCE}/more"}), codes.TOKEN_AUDIENCE),
        (sign(drop=("aud",)), codes.TOKEN_AUDIENCE),
        (sign({"iss": "https://evil.example"}), codes.TOKEN_INVALID),
        (sign({"iss": f"{ISSUER}/"}), codes.TOKEN_INVALID),
        (sign(key=STRANGER), codes.TOKEN_INVALID),
        (sign(header={"kid": "nope"}), codes.TOKEN_INVALID),
        (sign(header={"kid": "r1"}), codes.TOKEN_INVALID),
        (sign(key=STRANGER, header={"jwk": STRANGER.as_dict(private=False)}), codes.TOKEN_INVALID),
        (sign(drop=("client_id",)), codes.TOKEN_INVALID),
        (sign({"client_id": "a\u202eb"}), codes.TOKEN_INVALID),
        (sign({"groups": {"a": 1}}), codes.TOKEN_INVALID),
        (unsigned("none"), codes.TOKEN_INVALID),
        (unsigned("None"), codes.TOKEN_INVALID),
        (
            jwt.encode({"alg": "HS256", "kid": "r1"}, CLAIMS, OctKey.import_key(b"k" * 64), algorithms=["HS256"]),
            codes.TOKEN_INVALID,
        ),
        ("a.b.c", codes.TOKEN_INVALID),
        ("garbage", codes.UNAUTHENTICATED),
        (".".join(["e30"] * 5), codes.UNAUTHENTICATED),
    ],
)
def test_bad_tokens_are_refused(token, code):
    """Each way a token can be wrong has its code; none is let in."""
    assert Door().code(token) is code


def test_every_tampered_byte_of_the_payload_is_found():
    """Changing any character of claims or signature refuses the token."""
    door, token = Door(), sign()
    start = token.index(".") + 1
    for place in range(start, len(token) - 1, 7):
        if token[place] != ".":
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            assert not isinstance(door.show(changed), Principal)


def test_only_public_key_algorithms_can_be_configured():
    """Algorithms none and HS* cannot even be configured, so a public key never serves as an HMAC secret."""
    for name in ("none", "HS256"):
        with pytest.raises(ValueError, match="algorithms"):
            Door(more={"algorithms": (name,)})


def test_type_is_checked_where_configured():
    """An ID token is not an access token."""
    door = Door(more={"types": ("at+jwt",)})
    assert door.code(sign()) is codes.TOKEN_INVALID
    assert isinstance(door.show(sign(header={"typ": "at+jwt"})), Principal)


def test_keys_are_fetched_rarely():
    """One fetch serves all; unknown kids refetch at most every 30 s; a rotated key is found then."""
    door = Door()
    for _ in range(20):
        assert isinstance(door.show(sign()), Principal)
    assert door.web.fetched == 1
    door.web.keys = (NEXT,)
    assert door.code(sign(key=NEXT)) is codes.TOKEN_INVALID
    assert door.web.fetched == 1
    door.clock.now += 31
    assert isinstance(door.show(sign(key=NEXT)), Principal)
    for number in range(20):
        door.code(sign(header={"kid": f"x{number}"}))
    assert door.web.fetched == 2


def test_old_keys_serve_through_an_outage_but_not_forever():
    """A failing JWKS keeps the old keys for a day, then nobody is let in."""
    door = Door()
    door.show(sign())
    door.web.fails = True
    door.clock.now += 7_200
    assert isinstance(door.show(sign({"exp": door.clock.now + 60})), Principal)
    door.clock.now += 86_400
    assert door.code(sign({"exp": door.clock.now + 60})) is codes.KEYS_UNAVAILABLE


def test_a_remembered_token_still_expires():
    """The memory of a checked token ends with the token."""
    door, token = Door(), sign({"exp": NOW + 10})
    assert isinstance(door.show(token), Principal)
    door.clock.now += 41
    assert door.code(token) is codes.TOKEN_EXPIRED


def test_symmetric_and_small_keys_are_dropped(tmp_path):
    """A JWKS file with only an oct key has no usable key."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [OctKey.generate_key(256).as_dict()]}))
    with pytest.raises(ValueError, match="no usable"):
        FileKeys(path)


@dataclass(kw_only=True)
class Key:
    name: str = "k"
    agent: str = "copilot"
    may_act_for: tuple = ("ana@acme.example", "*@corp.example")
    expires_at: float | None = None
    revoked: bool = False
    attributes: dict = field(default_factory=dict)
    or_alone: bool = False


@dataclass
class Store:
    keys: dict

    def find(self, secret):
        return self.keys.get(secret)


def by_key(headers, notices=None, **keys):
    api = ApiKeys(
        Store(keys or {"mg_a": Key()}), now=Clock(), on_refused=(notices if notices is not None else []).append
    )
    return Authenticator(api_keys=api, tokens=None, now=Clock()).authenticate(headers)


@pytest.mark.parametrize("user", ["eve@acme.example", "@corp.example", "x@evilcorp.example", "ANA@acme.example", "*"])
def test_may_not_act_for(user):
    """Only the users that the key names, or everyone of a domain it names."""
    found = by_key({"X-API-Key": "mg_a", "X-Metricgate-User": user})
    assert found.first.code is codes.MAY_NOT_ACT_FOR


@pytest.mark.parametrize("user", ["ana@acme.example", "bo@corp.example"])
def test_may_act_for(user):
    """An allowed user comes along as asserted."""
    assert by_key({"X-API-Key": "mg_a", "X-Metricgate-User": user}).user.id == user


def test_leaving_the_user_out_does_not_widen_an_agents_rights():
    """A key made to act for users must name one; the attempt is noticed, and the refusal says both cures."""
    notices = []
    found = by_key({"X-API-Key": "mg_a"}, notices)
    assert found.first.code is codes.MUST_NAME_USER
    assert found.first.code.status == 403
    assert "X-Metricgate-User" in found.first.hint
    assert "--or-alone" in found.first.hint
    assert [(each.name, each.code) for each in notices] == [("k", codes.MUST_NAME_USER)]


@pytest.mark.parametrize("key", [Key(or_alone=True), Key(may_act_for=())])
def test_a_key_made_to_act_alone_needs_no_user(key):
    """Made so on purpose, or for no user at all."""
    found = by_key({"X-API-Key": "mg_a"}, mg_a=key)
    assert (found.agent.id, found.user) == ("copilot", None)


def test_dead_keys_are_noticed():
    """A revoked or expired key is refused, and the hook is told its name, never its secret."""
    notices = []
    keys = {"mg_r": Key(name="r", revoked=True), "mg_e": Key(name="e", expires_at=NOW)}
    assert by_key({"X-API-Key": "mg_r"}, notices, **keys).first.code is codes.KEY_REVOKED
    assert by_key({"X-API-Key": "mg_e"}, notices, **keys).first.code is codes.KEY_EXPIRED
    assert [each.name for each in notices] == ["r", "e"]
    assert "mg_" not in repr(notices)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer mg_a", "X-API-Key": "mg_a"},
        {"Authorization": "Bearer mg_a", "authorization": "Bearer mg_a"},
        {"Authorization": "Bearer mg_a\0"},
        {"Authorization": "Bearer mg_a, Bearer mg_a"},
        {"Authorization": "Bearer  mg_a"},
        {"Authorization": "mg_a"},
        {"Authorization": "Bearer " + "a" * 9_000},
        {"X-API-Key": ""},
        {"X-API-Key": "mg_a\r\nx: y"},
        {"X-API-Key": "mg_a", "X-Metricgate-User": ""},
        {"X-API-Key": "mg_a", "X-Metricgate-User": "ana@acme.example\0"},
        {},
    ],
)
def test_doubtful_headers_are_refused(headers):
    """Doubled, conflicting, overlong or dirty credentials let nobody in and are not echoed."""
    found = by_key(headers)
    assert found.first.code.status == 401
    assert "mg_a" not in str(found)


def test_a_known_key_is_quick():
    """A repeated lookup takes well under 50 microseconds here (the store's own time comes on top)."""
    api = ApiKeys(Store({"mg_a": Key(may_act_for=())}), now=time.time)
    door = Authenticator(api_keys=api, tokens=None, now=time.time)
    headers = {"authorization": "Bearer mg_a"}
    best = 1.0
    for _ in range(5):
        begin = time.perf_counter()
        for _ in range(500):
            door.authenticate(headers)
        best = min(best, (time.perf_counter() - begin) / 500)
    assert best < 50e-6


def test_every_code_is_documented():
    """docs/errors/identity.md has a heading for each code and no other."""
    page = (Path(__file__).parents[3] / "docs/errors/identity.md").read_text()
    assert set(re.findall(r"^## (E_\w+)", page, re.MULTILINE)) == {code.name for code in codes.CODES}


def test_a_key_is_looked_up_once_in_ten_milliseconds():
    """Many calls of one moment cost one look-up; a revoked key is refused from 10 ms on; other headers never profit."""
    key, clock = Key(or_alone=True), Clock()
    keeper = Authenticator(
        api_keys=ApiKeys(Store({"mg_a": key}), now=Clock()), tokens=None, now=Clock(), monotonic=clock
    )
    plain = [(b"x-api-key", b"mg_a")]

    def code(raw):
        found = asyncio.run(keeper.admit(raw))
        return None if isinstance(found, Principal) else found.first.code

    assert code(plain) is None
    key.revoked = True
    assert code(plain) is None
    assert code([*plain, (b"x-metricgate-user", b"ana@acme.example")]) is codes.KEY_REVOKED
    assert code([(b"authorization", b"Bearer mg_a")]) is codes.KEY_REVOKED
    clock.now += 0.011
    assert code(plain) is codes.KEY_REVOKED
    key.revoked = False
    assert code(plain) is None, "refusals are not remembered"
