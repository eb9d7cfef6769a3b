"""The form of ``policies/*.yaml``. Unknown keys are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, StrictInt, create_model

from metricgate.documents import Document
from metricgate.policy.cases import case_document
from metricgate.policy.kinds.domains import DomainDocument
from metricgate.policy.kinds.principals import PrincipalDocument
from metricgate.policy.kinds.roles import RoleDocument
from metricgate.policy.rule_kind import AnyKind

TESTS = "tests"
"""The key of a file's tests."""


class PolicyDocument(Document):
    """One file. A policy is all files together: a rule may name a role of another file."""

    version: Annotated[StrictInt, Field(ge=1, le=1)]
    roles: tuple[RoleDocument, ...] = ()
    principals: tuple[PrincipalDocument, ...] = ()
    domains: tuple[DomainDocument, ...] = ()


def policy_document(kinds: Sequence[AnyKind]) -> type[PolicyDocument]:
    """Return the form of files that may have rules of these kinds, each in the list of its key, and then tests."""
    forms: dict[str, Any] = {kind.key: kind.document for kind in kinds} | {TESTS: case_document(kinds)}
    lists: dict[str, Any] = {key: (tuple.__class_getitem__((form, ...)), ()) for key, form in forms.items()}
    return create_model("PolicyDocument", __base__=PolicyDocument, __doc__=PolicyDocument.__doc__, **lists)
