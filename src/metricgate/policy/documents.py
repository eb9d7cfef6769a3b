"""The form of ``policies/*.yaml``. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from metricgate.documents import Document
from metricgate.policy.cases import CaseDocument
from metricgate.policy.kinds.domains import DomainDocument
from metricgate.policy.kinds.freezes import FreezeDocument
from metricgate.policy.kinds.grants import GrantDocument
from metricgate.policy.kinds.holds import HoldDocument
from metricgate.policy.kinds.limits import LimitDocument
from metricgate.policy.kinds.masks import MaskDocument
from metricgate.policy.kinds.minimum_groups import MinimumGroupDocument
from metricgate.policy.kinds.principals import PrincipalDocument
from metricgate.policy.kinds.roles import RoleDocument
from metricgate.policy.kinds.row_filters import RowFilterDocument
from metricgate.policy.kinds.stops import StopDocument


class PolicyDocument(Document):
    """One file. A policy is all files together: a rule may name a role of another file."""

    version: Annotated[StrictInt, Field(ge=1, le=1)]
    roles: tuple[RoleDocument, ...] = ()
    principals: tuple[PrincipalDocument, ...] = ()
    domains: tuple[DomainDocument, ...] = ()
    grants: tuple[GrantDocument, ...] = ()
    row_filters: tuple[RowFilterDocument, ...] = ()
    masks: tuple[MaskDocument, ...] = ()
    minimum_groups: tuple[MinimumGroupDocument, ...] = ()
    limits: tuple[LimitDocument, ...] = ()
    freezes: tuple[FreezeDocument, ...] = ()
    stops: tuple[StopDocument, ...] = ()
    holds: tuple[HoldDocument, ...] = ()
    tests: tuple[CaseDocument, ...] = ()
