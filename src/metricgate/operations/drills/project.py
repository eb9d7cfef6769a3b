"""The scratch project that drills share: two tables that may be changed, people who decide, an agent's desk."""

from __future__ import annotations

from collections.abc import Mapping

_MODELS = """
semantic_models:
  - name: executives
    source: main.executives
    entities: [{name: executive, type: primary, expr: id}]
    dimensions: [{name: city, type: categorical, expr: city}]
  - name: companies
    source: main.companies
    entities: [{name: company, type: primary, expr: id}]
    dimensions: [{name: city, type: categorical, expr: city}]
"""
_POLICY = """
version: 1
roles:
  - {name: desk, members: ["agent:desk"]}
  - {name: stewards, members: ["user:sten", "user:stella", "user:olaf"]}
principals:
  - {id: "agent:desk", owner: "user:olaf"}
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: reads, roles: [desk], actions: [read, describe], on: ["dataset:*", "column:*", "function:*"]}
  - {id: writes, roles: [desk], actions: [insert, update, delete, truncate], on: ["dataset:*", "column:*"]}
  - {id: stewards-decide, roles: [stewards], actions: [approve, undo], on: ["dataset:*", "action:*"]}
holds:
  - {id: deletes-wait, roles: [everyone], on: ["dataset:*"], actions: [delete, truncate],
     because: What is deleted is looked at first.}
"""
_SETTINGS = """project: drill
warehouse: {kind: duckdb, file: data.duckdb, read_only: false, writes: true, threads: 1}
"""

FILES: Mapping[str, str] = {
    "semantic_models/all.yaml": _MODELS,
    "policies/all.yaml": _POLICY,
    "metricgate.yaml": _SETTINGS,
}
TABLES = """
CREATE TABLE executives(id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, city VARCHAR);
INSERT INTO executives SELECT n, 'Executive ' || n, 'City ' || (n % 17) FROM range(1, 1207) t(n);
CREATE TABLE companies(id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, city VARCHAR);
INSERT INTO companies SELECT n, 'Company ' || n, 'City ' || (n % 17) FROM range(1, 1197) t(n);
"""
