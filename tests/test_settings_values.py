"""Values of settings that mean nothing are refused with their place and an example of what would be right.

The tables have a row for every setting that there is: one that is added without a row fails here. A key means the same
in every kind of warehouse but where ``OF_ONE_KIND`` says otherwise, and a choice of words is read from its section: a
new kind whose keys others have needs no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from metricgate.documents.forms import is_host, is_loopback
from metricgate.settings import extension_points
from metricgate.settings.document import ProjectSettingsDocument
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

EVERYWHERE = "0.0.0.0"  # noqa: S104 - read, not bound
HOSTS = ("127.0.0.1", "::1", EVERYWHERE, "localhost", "db", "db.acme.example", "my_host", "xn--bcher-kva.example")
NO_HOSTS = (
    *("99:99", "", " ", "a b", "999.1.1.1", "1.2.3", "127.0.0.1:80", "http://a", "a..b", "-a.b", "a-.b", "day/night"),
    *("fe80::1%eth0", "a" * 64, ".".join(["a" * 60] * 5), "b\u00fccher.example", "a\n", "[::1]", "*"),
)
URLS = ("https://a.example", "https://a.example:8443/x/y", "http://127.0.0.1:4318/v1/traces", "http://collector:4318")
NO_URLS = (
    *("a.example", "ftp://a.example", "file:///etc/passwd", "https://", "https:///x", "http://a:99999", "http://a:0"),
    *("https://a b", "https://99:99", "https://u:p@a.example", "javascript:alert(1)", "https://a.example\\@b", "day"),
    *("http://[::1", "https://a.example/#x", "//a.example", "https://a.example:x"),
)
INSECURE = ("http://a.example/keys", "http://10.0.0.1/keys", "http://localhost.evil.example/keys")
PATHS = ("data", "a/b/c.yaml", "/srv/acme/data", "with space/x")
NO_PATHS = ("", " ", " a", "a\nb", "~/data")
WORDS, NO_WORDS = ("client_id", "https://acme.example/groups"), ("", " ", "a b", "a\n", "gr\u00fc\u00df", "x" * 501)
NAMES, NO_NAMES = ("acme", "Some Name"), ("", "  ", "a\nb")
VARIABLES, NO_VARIABLES = ("ACME_KEY", "_x1"), ("", "1A", "A-B", "A B", "$A", "s3cret!")
SIZES = ("512MB", "1.5GB", "2 GB", "1GiB", "64mb")
NO_SIZES = ("day", "", "-1", "100", "512", "0GB", "1KB", "2GX", "MB", "1e3MB", "inf GB", "999999TB", "80%", "1,5GB")
SECONDS, NO_SECONDS = (0.5, 30, 86_400), (0, -1, 86_401, float("inf"), float("nan"), 1e300, "day", True, "30")
CONNECTING = ((1, 600), (0, -1, 601, 1.5, "10", True, float("inf")))
ALGORITHMS = ((["ES256"], ["RS256", "EdDSA"]), ([], ["HS256"], ["none"], ["RS-256"], "RS256"))
FEW = ((1, 64), (0, 65, 1.5, "2", True))
MANY = ((1, 256), (0, 257, 1.5, "4", True))
PORT = ((1, 65_535), (-1, 65_536, 1.5, "http", "8321", True))


def among(low: int, high: int) -> tuple[tuple[Json, ...], tuple[Json, ...]]:
    return (low, high), (low - 1, high + 1, "day", True, low + 0.5)


Values = tuple[tuple[Json, ...], tuple[Json, ...]]
"""What means something, and what does not."""
OF_WAREHOUSES: dict[str, Values] = {
    "host": (HOSTS, NO_HOSTS),
    "port": (PORT[0], (*PORT[1], 0)),
    "database": (NAMES, NO_NAMES),
    "user": (NAMES, NO_NAMES),
    "password_variable": (VARIABLES, NO_VARIABLES),
    "tls_ca": ((), NO_PATHS),
    "concurrent": MANY,
    "longest_seconds": (SECONDS, NO_SECONDS),
    "connect_seconds": CONNECTING,
    "writer.user": (NAMES, NO_NAMES),
    "writer.password_variable": (VARIABLES, NO_VARIABLES),
    "writer.marker_schema": (NAMES, NO_NAMES),
    "file": (PATHS, NO_PATHS),
    "read_only": ((True, False), ("maybe", 1)),
    "writes": ((False,), ("maybe", 1)),
    "memory_limit": (SIZES, NO_SIZES),
    "threads": MANY,
    "workers": FEW,
    "worker_memory": (SIZES, NO_SIZES),
    "search_path": (("public", "sales, public"), ("", ",", "a,,b", " ")),
    "work_memory": (("64MB", "64kB", "1.5GB", "65536"), ("day", "64mb", "64KB", "1B", "10TB", "", "-1")),
    "session_memory": (("512MB", "512m", "1G", "8192"), ("day", "", "1", "1.5GB", "5TB", "-1")),
}
OF_ONE_KIND: dict[str, dict[str, Values]] = {
    "postgres": {"host": ((*HOSTS, "/run/postgresql"), (*NO_HOSTS, "/run/a,/run/b"))},
}
NO_CHOICES = ("", "yes", "verifyfull", "prefer", "verify-ca", True, 1)
"""Tried where a section names the words that it takes, but for those."""


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the path of each key, through sections inside, with its field."""
    for name, field in model.model_fields.items():
        parts = (field.annotation, *getattr(field.annotation, "__args__", ()))
        inner = [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]
        if inner:
            yield from keys_of(inner[0], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def rows_of(kind: str, section: type[BaseModel]) -> Iterator[tuple[str, Values]]:
    """Yield the values for each key of a kind of warehouse; nothing for a key that no table has."""
    for path, field in keys_of(section):
        of_one = OF_ONE_KIND.get(kind, {}).get(path)
        if of_one is not None:
            yield path, of_one
        elif get_origin(field.annotation) is Literal and path != "kind":
            words = get_args(field.annotation)
            yield path, (words, tuple(each for each in NO_CHOICES if each not in words))
        elif path in OF_WAREHOUSES:
            yield path, OF_WAREHOUSES[path]


INSTALLED = {kind: plugin.section for kind, plugin in extension_points.WAREHOUSES.installed().items()}
WAREHOUSES = {kind: dict(rows_of(kind, section)) for kind, section in INSTALLED.items()}
SINKS = {
    "webhook": {
        "name": (("ops",), ("", "Ops", "a b")),
        "kind": ((), ("webhok", "")),
        "url": (("https://hooks.acme.example/x?y=1",), NO_URLS),
        "url_variable": ((), NO_VARIABLES),
        "form": (("plain", "slack"), ("html", "")),
        "secret": (VARIABLES, NO_VARIABLES),
        "on": ((["action_held"],), ([], ["action_hold"], "action_held")),
    }
}
OF_THE_PROJECT = {
    "project": (("acme", "acme-2"), ("", "Acme", "a b", "1a")),
    "paths.semantic_models": (PATHS, NO_PATHS),
    "paths.policies": (PATHS, NO_PATHS),
    "paths.actions": (PATHS, NO_PATHS),
    "paths.state": (PATHS, (*NO_PATHS, ".", "./", "x/..", "policies", "semantic_models/", "./actions")),
    "warehouses": ((), ({}, {"a b": {"kind": "duckdb", "file": "x"}})),
    "default_warehouse": ((), ("nowhere", "")),
    "listen.host": (HOSTS, NO_HOSTS),
    "listen.port": ((0, *PORT[0]), PORT[1]),
    "listen.public_url": (URLS, (*NO_URLS, "https://a.example/?x=1")),
    "listen.allowed_hosts": (
        (["a.example"], ["a.example:8443"], ["a.example:*"], ["[::1]:80"]),
        *((["99:99"], ["*"], ["https://a"], [""], ["a:0"], ["a:99999"], ["a:b:c"], ["[::1"], "a.example"),),
    ),
    "listen.allowed_origins": (
        (["https://a.example"], ["http://127.0.0.1:*"], ["vscode-webview://abc"]),
        (["a.example"], ["*"], ["null"], ["https://a.example/x"], ["https://99:99"], [""], "https://a.example"),
    ),
    "listen.limits.connections": among(8, 65_536),
    "listen.limits.head_bytes": among(4_096, 1_048_576),
    "listen.limits.head_seconds": (SECONDS, NO_SECONDS),
    "listen.limits.body_bytes": among(1_024, 16_777_216),
    "listen.limits.body_seconds": (SECONDS, NO_SECONDS),
    "listen.limits.idle_seconds": (SECONDS, NO_SECONDS),
    "listen.limits.answer_seconds": (SECONDS, NO_SECONDS),
    "identity.oidc.issuer": (("https://a.example/", "accounts.example"), NO_WORDS),
    "identity.oidc.audience": (WORDS, NO_WORDS),
    "identity.oidc.jwks_url": (
        ("https://a.example/keys?v=1", "http://127.0.0.1:80/keys", "http://localhost/k", "http://[::1]/k"),
        (*NO_URLS, *INSECURE),
    ),
    "identity.oidc.jwks_file": ((), NO_PATHS),
    "identity.oidc.algorithms": ALGORITHMS,
    "identity.oidc.agent_claim": (WORDS, NO_WORDS),
    "identity.oidc.user_claim": (WORDS, NO_WORDS),
    "identity.oidc.groups_claim": (WORDS, NO_WORDS),
    "identity.oidc.attribute_claims": (([], ["region"]), (["a b"], [""], "region")),
    "identity.oidc.leeway_seconds": among(0, 300),
    "people.idle_minutes": among(1, 1_440),
    "people.session_hours": among(1, 168),
    "people.oidc.issuer": (
        ("https://a.example", "http://localhost:9000/realms/x"),
        (*NO_URLS, *INSECURE, "https://a.example/?x=1"),
    ),
    "people.oidc.client_id": (NAMES, NO_NAMES),
    "people.oidc.client_secret": (VARIABLES, NO_VARIABLES),
    "people.oidc.scopes": ((["openid"], ["openid", "groups"]), ([], ["email"], ["openid", "a b"], "openid")),
    "people.oidc.user_claim": (WORDS, NO_WORDS),
    "people.oidc.groups_claim": (WORDS, NO_WORDS),
    "people.oidc.required_amr": (([], ["mfa"]), ([""], ["a b"], "mfa")),
    "people.oidc.algorithms": ALGORITHMS,
    "ledger.origin": (("acme.example/metrics",), ("", "a b", "a+b", "a\nb", "x" * 201)),
    "state.kind": (("sqlite",), ("postgres", "", "SQLITE", 1)),
    "ledger.lease_seconds": ((1, 30, 3_600), (0, -1, 0.5, 3_601, "day", True)),
    "ledger.anchor": ((*PATHS, "/mnt/watch/shop.checkpoint"), NO_PATHS),
    "ledger.file": (
        ("ledger.db", "record.sqlite"),
        (*NO_PATHS, "a/b.db", "../ledger.db", "/ledger.db", "keys.db", "actions.db", "ledger", "mask.key", ".db"),
    ),
    "conduct.repeats": ((2, 10_000, None), (1, 0, 10_001, "day", True, 2.5)),
    "conduct.errors": among(2, 10_000),
    "conduct.rounds": among(2, 1_000),
    "conduct.refusals": ((2, 100_000, None), (1, 100_001, "day", True)),
    "conduct.pause_seconds": among(1, 86_400),
    "writes.environment": (("staging",), ("", "Prod", "a b")),
    "writes.most_rows": among(1, 1_000_000),
    "writes.seconds": ((0.5, 3_600), (0, -1, 3_601, "day", True, float("nan"), float("inf"))),
    "writes.sample_rows": among(1, 500),
    "writes.undo_days": among(1, 3_650),
    "telemetry.otlp_endpoint": (URLS, NO_URLS),
    "telemetry.sample_ratio": ((0, 0.5, 1), (-0.1, 1.1, float("nan"), "half", True)),
    "telemetry.logs": (("json", "console"), ("xml", "")),
    "outbox.delivered_days": among(1, 3_650),
}
NEEDED: dict[str, dict[str, Json]] = {
    "identity.oidc": {"issuer": "https://a.example", "jwks_url": "https://a.example/keys"},
    "people.oidc": {"issuer": "https://a.example", "client_id": "gate"},
    "writer": {"user": "w", "marker_schema": "m"},
}


def needed(kind: str, section: type[BaseModel]) -> dict[str, Json]:
    """Return the least that a section of a warehouse says."""
    rows = WAREHOUSES[kind]
    keys = [key for key, field in section.model_fields.items() if field.is_required() and key in rows]
    return {"kind": kind} | {key: rows[key][0][0] for key in keys}


SECTIONS: dict[str, dict[str, Json]] = {
    **{kind: needed(kind, section) for kind, section in INSTALLED.items()},
    "webhook": {"name": "ops", "url": "https://a.example", "secret": "S", "on": ["action_held"]},
}
"""Of each kind, what its section needs."""


def put(document: dict[str, Json], path: str, value: Json) -> dict[str, Json]:
    """Write a value at its path, with what its section needs besides."""
    *above, last = path.split(".")
    here = document
    for position, name in enumerate(above):
        here = here.setdefault(name, dict(NEEDED.get(".".join(above[: position + 1]), NEEDED.get(name, {}))))
    here[last] = value
    return document


def loaded(folder: Path, document: dict[str, Json]) -> Settings | Problems:
    (folder / "metricgate.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_settings(folder)


def cases() -> Iterator[tuple[str, str, tuple[Json, ...], tuple[Json, ...]]]:
    """Kind of section (or none), path in it, what means something, what does not."""
    for path, (good, bad) in OF_THE_PROJECT.items():
        yield "", path, good, bad
    for kind, rows in (WAREHOUSES | SINKS).items():
        for path, (good, bad) in rows.items():
            yield kind, path, good, bad


def document_with(kind: str, path: str, value: Json) -> tuple[dict[str, Json], str]:
    """Return the project's settings, and where in them the value stands."""
    document: dict[str, Json] = {"warehouse": dict(SECTIONS["duckdb"])}
    if kind == "":
        if path == "warehouses":
            document.pop("warehouse")
        return put(document, path, value), path
    section = put({**SECTIONS[kind]}, path, value)
    if kind in SINKS:
        if path == "url_variable":
            section.pop("url")
        return {**document, "notifications": [section]}, f"notifications[0].{path}"
    return {"warehouse": section}, f"warehouse.{path}"


@pytest.mark.parametrize(("kind", "path", "good", "bad"), list(cases()))
def test_what_means_nothing_is_refused_with_its_place(tmp_path, kind, path, good, bad) -> None:
    """Each bad value is one problem at its own place, whose message or hint says what would be right."""
    for value in good:
        document, _where = document_with(kind, path, value)
        found = loaded(tmp_path, document)
        assert isinstance(found, Settings), (value, str(found))
    for value in bad:
        document, where = document_with(kind, path, value)
        found = loaded(tmp_path, document)
        assert isinstance(found, Problems), (path, value)
        told = [each for each in found if each.where is not None and (each.where.path or "").startswith(parent(where))]
        assert told, (path, value, str(found))
        assert all(each.where.line for each in told)


def parent(where: str) -> str:
    """Of a few settings it is the section that is wrong: what two of its keys say together."""
    return where if where != "paths.state" else "paths"


def test_each_setting_is_in_the_table() -> None:
    """A new setting brings the values that mean nothing along."""
    assert set(OF_THE_PROJECT) == set(dict(keys_of(ProjectSettingsDocument))) - {"warehouse", "notifications"}
    for kind, section in INSTALLED.items():
        assert set(WAREHOUSES[kind]) == set(dict(keys_of(section))) - {"kind"}
    for kind, plugin in extension_points.SINKS.installed().items():
        assert set(SINKS[kind]) == set(dict(keys_of(plugin.section)))


def test_no_row_is_left_of_a_setting_that_is_gone() -> None:
    assert set(OF_WAREHOUSES) <= {path for rows in WAREHOUSES.values() for path in rows}
    assert all(set(rows) <= set(WAREHOUSES[kind]) for kind, rows in OF_ONE_KIND.items())


def test_settings_that_exclude_each_other(tmp_path) -> None:
    """An authority that is never asked is no setting."""
    for kind in (kind for kind, rows in WAREHOUSES.items() if {"tls", "tls_ca"} <= set(rows)):
        wrong = {**SECTIONS[kind], "tls": "disable", "tls_ca": "ca.pem"}
        assert isinstance(loaded(tmp_path, {"warehouse": wrong}), Problems)
        right = {**SECTIONS[kind], "tls": "verify-full", "tls_ca": "ca.pem"}
        assert isinstance(loaded(tmp_path, {"warehouse": right}), Settings)


def test_all_that_is_wrong_comes_at_once(tmp_path) -> None:
    """Five mistakes in four sections are five problems, each with the line it stands in."""
    document: dict[str, Json] = {"warehouse": {**SECTIONS["duckdb"], "memory_limit": "day", "threads": 0}}
    for path, value in (("listen.host", "99:99"), ("identity.oidc.jwks_url", "file:///keys"), ("ledger.file", "")):
        put(document, path, value)
    found = loaded(tmp_path, document)
    assert isinstance(found, Problems)
    assert {each.where.path for each in found} == {
        *("warehouse.memory_limit", "warehouse.threads", "listen.host", "identity.oidc.jwks_url", "ledger.file"),
    }


def test_loopback_is_this_machine_and_no_name_that_looks_like_it() -> None:
    """``http`` is taken where nobody can sit in between."""
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("127.0.0.1.evil.example", "localhost.evil.example", EVERYWHERE, "::", "10.0.0.1")))
    assert not is_host("0x7f.1.1.999999")
