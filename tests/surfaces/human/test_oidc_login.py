"""Login at an OpenID provider, against a small real one on a socket."""

import asyncio
import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.surfaces.human.conftest import House

from metricgate.adapters.identity.oidc_login import OidcLogin, Provider

CLIENT, SECRET = "console", "s3cret"
BACK = "http://gate.test/console/oidc/back"
KEY, OTHER = (ECKey.generate_key("P-256", {"kid": "one"}) for _ in range(2))


class OpenIdProvider:
    """Knows one person and checks what a provider checks: client, redirect, PKCE, each code once."""

    def __init__(self):
        self.codes = {}
        self.claims = {}
        self.key = KEY
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer = provider.issuer
                document = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer,
                        "authorization_endpoint": f"{issuer}/authorize",
                        "token_endpoint": f"{issuer}/token",
                        "jwks_uri": f"{issuer}/keys",
                    },
                    "/keys": {"keys": [KEY.as_dict(private=False)]},
                }[self.path]
                self._answer(200, document)

            def do_POST(self):
                length = int(self.headers["content-length"])
                form = {name: each[0] for name, each in parse_qs(self.rfile.read(length).decode()).items()}
                self._answer(*provider.redeem(form))

            def _answer(self, status, document):
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def authorize(self, url):
        """The person agrees; return what the browser brings back."""
        asked = {name: each[0] for name, each in parse_qs(urlsplit(url).query).items()}
        assert asked["redirect_uri"] == BACK
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def redeem(self, form):
        """Redeem a code."""
        asked = self.codes.pop(form.get("code"), None)
        verifier = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        good = asked is not None and verifier.decode() == asked["code_challenge"]
        if not good or form["client_secret"] != SECRET or form["redirect_uri"] != BACK:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "1",
            "email": "ana@acme.example",
            "email_verified": True,
            "groups": ["stewards"],
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 60,
            "amr": ["pwd", "mfa"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": "one"}, claims, self.key, algorithms=["ES256"])
        return 200, {"id_token": token, "access_token": "unused", "token_type": "Bearer"}


@pytest.fixture
def provider():
    made = OpenIdProvider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def house(tmp_path, provider):
    at = Provider(
        issuer=provider.issuer, client_id=CLIENT, client_secret=SECRET, redirect_uri=BACK, required_amr=("mfa",)
    )
    made = House(tmp_path, elsewhere=lambda people: OidcLogin(at, people, now=time.time, monotonic=time.monotonic))
    yield made
    made.store.close()


async def begun(house):
    """A browser that was sent on, and where to."""
    browser = house.client()
    assert "Log in with your organisation" in (await browser.get("/console/login")).text
    page = await browser.post("/console/oidc")
    assert page.status_code == 200
    return browser, page.headers["refresh"].removeprefix("0; url=")


def test_login_elsewhere(house, provider):
    """The person that the provider names has a session; the way back works once."""

    async def go():
        browser, url = await begun(house)
        back = provider.authorize(url)
        answer = await browser.get("/console/oidc/back", params=back)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/approvals"
        assert "ana@acme.example" in (await browser.get("/console/approvals")).text
        who = (await browser.get("/v1/people/me")).json()
        assert (who["method"], who["groups"]) == ("oidc", ["stewards"])
        again = await browser.get("/console/oidc/back", params=back)
        assert again.status_code == 401

    asyncio.run(go())


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"nonce": "other"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 9_999_999_999},
        {"email": "  "},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"amr": ["pwd"]},
        {"amr": None},
        "another key",
    ],
    ids=str,
)
def test_tokens_that_prove_nobody(house, provider, claims):
    """Each claim is checked; none of the reasons is told to the browser."""

    async def go():
        browser, url = await begun(house)
        if claims == "another key":
            provider.key = OTHER
        else:
            provider.claims = claims
        answer = await browser.get("/console/oidc/back", params=provider.authorize(url))
        assert answer.status_code == 401
        assert "E_PEOPLE_OIDC_REFUSED" in answer.text
        assert "metricgate_session" not in browser.cookies

    asyncio.run(go())


def test_the_way_back_is_this_browsers(house, provider):
    """Another browser's answer, a wrong state, another issuer's, an error or an old one: no session."""

    async def go():
        browser, url = await begun(house)
        attacker, theirs = await begun(house)
        foreign = provider.authorize(theirs)
        own = provider.authorize(url)
        for params in (foreign, {**own, "state": "x"}, {**own, "iss": "https://evil"}, {"error": "access_denied"}, {}):
            other, _url = await begun(house)
            other.cookies = browser.cookies
            assert (await other.get("/console/oidc/back", params=params)).status_code == 401
        stranger = house.client()
        assert (await stranger.get("/console/oidc/back", params=own)).status_code == 401
        assert (await browser.post("/console/oidc", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert attacker.cookies

    asyncio.run(go())


def test_a_provider_that_is_gone(house, provider):
    """Nobody is let in, and the page says so."""
    provider.server.shutdown()
    provider.server.server_close()

    async def go():
        answer = await house.client().post("/console/oidc")
        assert answer.status_code == 503
        assert "E_PEOPLE_OIDC_UNAVAILABLE" in answer.text

    asyncio.run(go())
