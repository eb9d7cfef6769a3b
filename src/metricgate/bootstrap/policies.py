"""What the command line asks of policy: its tests, an explanation, the documents of a revision. Nothing is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from metricgate.adapters.revisions.git import GitRevision
from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.bootstrap.definition_files import Documents, read_documents
from metricgate.bootstrap.definitions import load_definitions
from metricgate.bootstrap.settings import FILE_NAME, Settings
from metricgate.bootstrap.settings_document import SettingsDocument
from metricgate.catalog.labels import labelled
from metricgate.documents import read
from metricgate.policy.explaining import Explanation, explain
from metricgate.policy.judge import Judge
from metricgate.policy.testing import TestResult, run_tests
from metricgate.surfaces.cli.policy_question import PolicyQuestion
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems


def policy_tests(folder: Path, settings: Settings) -> Sequence[TestResult] | Problems:
    """Run the tests beside the rules, with the labels that the catalog gives."""
    loaded = load_definitions(folder, settings)
    if isinstance(loaded, Problems):
        return loaded
    policy = loaded.policy
    judge = Judge(policy, CasbinRoleBook(policy.roles, policy.grants))
    return run_tests(policy, judge, partial(labelled, catalog=loaded.catalog))


def policy_explain(folder: Path, settings: Settings, asked: PolicyQuestion) -> Explanation | Problems:
    """Judge as if these parties had asked, and lay open how."""
    loaded = load_definitions(folder, settings)
    if isinstance(loaded, Problems):
        return loaded
    catalog, policy = loaded.catalog, loaded.policy
    principal = Principal(
        agent=Identity(id=asked.agent, proof=Proof.VERIFIED, method="local"),
        user=None if asked.user is None else Identity(id=asked.user, proof=Proof.ASSERTED, method="local"),
    )
    return explain(
        Judge(policy, CasbinRoleBook(policy.roles, policy.grants)),
        principal,
        asked.action,
        [labelled(each, catalog) for each in asked.resources],
        unless_forbidden=[labelled(each, catalog) for each in asked.touching],
        circumstances=asked.circumstances,
    )


def policy_documents(folder: Path, settings: Settings, revision: str | None) -> Documents | Problems:
    """Return the policies at a git revision, by the path that its own settings name; or as they stand."""
    if revision is None:
        return read_documents(folder, settings.document.paths.policies)
    found = GitRevision.of(folder, revision)
    if isinstance(found, Problems):
        return found
    written = found.texts(FILE_NAME)
    if isinstance(written, Problems):
        return written
    document = read(FILE_NAME, dict(written).get(FILE_NAME, ""), SettingsDocument)
    return document if isinstance(document, Problems) else found.texts(document.value.paths.policies)
