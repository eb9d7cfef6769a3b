"""A project with tokens and one slow metric, served by the real program for a whole module."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.gateway.conftest import MODELS, POLICY, write_project
from tests.surfaces.real import new_key, serving

from metricgate.bootstrap.project import open_project
from metricgate.state.record import EntryFilter

ISSUER, RESOURCE = "https://id.acme.example", "https://gate.acme.example/mcp"
SIGNER = ECKey.generate_key("P-256", {"kid": "now"})
STRANGER = ECKey.generate_key("P-256", {"kid": "now"})
# Ten thousand million rows to count: far longer than any test waits.
SLOW_VIEW = "CREATE VIEW grains AS SELECT a.i AS id, b.i AS n FROM range(100000) AS a(i), range(100000) AS b(i)"
SLOW_MODEL = """
  - name: grains
    source: main.grains
    entities: [{name: grain, type: primary, expr: id}]
    dimensions: [{name: kind, type: categorical, expr: id % 7}]
metrics:
  - {name: slow, domain: sales, owner: sales@acme.example, description: Takes long., type: simple,
     semantic_model: grains, agg: sum, expr: n % 11}
"""


def make_project(folder: Path) -> Path:
    """Write the project of ``tests/gateway`` with a slow metric and an issuer of tokens."""
    write_project(folder, models=MODELS.replace("\nmetrics:\n", SLOW_MODEL), policy=POLICY)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(SLOW_VIEW)
    keys = {"keys": [SIGNER.as_dict(private=False)]}
    (folder / "jwks.json").write_text(json.dumps(keys))
    with (folder / "metricgate.yaml").open("a") as settings:
        settings.write(
            f"identity: {{oidc: {{issuer: '{ISSUER}', audience: '{RESOURCE}', jwks_file: jwks.json, "
            "algorithms: [ES256]}}\n"
        )
    return folder


def token(key=SIGNER, **claims):
    """A token for user sam through agent seller, good for a minute unless ``claims`` say otherwise."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": RESOURCE, "sub": "sam", "client_id": "seller", "iat": now, "exp": now + 60}
    return jwt.encode({"alg": "ES256", "kid": "now"}, {**good, **claims}, key, algorithms=["ES256"])


def entries(folder, *, limit=None, **wanted):
    """The ledger's entries, newest first."""
    return list(open_project(folder).entries(EntryFilter(**wanted), limit=limit))


def eventually(look, seconds=5.0):
    """Return the first true value that ``look`` gives."""
    end = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@dataclass(frozen=True)
class Real:
    """A served project and a key for the agent that may do all."""

    folder: Path
    url: str
    key: str

    def headers(self, key=None, **more):
        """Headers of a caller."""
        return {"authorization": f"Bearer {key or self.key}", **more}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    folder = make_project(tmp_path_factory.mktemp("real") / "project")
    key, _ = new_key(folder, "omni")
    with serving(folder) as url:
        yield Real(folder, url, key)
