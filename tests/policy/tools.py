"""What the tests of the policy room share: a policy from text, a judge on casbin, callers."""

from __future__ import annotations

from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.policy.judge import Judge
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Resource, ResourceKind


def policy_of(*texts: str) -> Policy:
    found = load([(f"policies/{number}.yaml", "version: 1\n" + text) for number, text in enumerate(texts)])
    assert isinstance(found, Policy), str(found)
    return found


def problems_in(*texts: str) -> Problems:
    found = load([(f"policies/{number}.yaml", "version: 1\n" + text) for number, text in enumerate(texts)])
    assert isinstance(found, Problems)
    return found


def judge_of(policy: Policy, *, memory: int = 4096) -> Judge:
    return Judge(policy, CasbinRoleBook(policy.roles, policy.grants), memory=memory)


def party(name: str, *, proof: Proof = Proof.VERIFIED, groups: tuple[str, ...] = (), **attributes: object) -> Identity:
    pairs = tuple(sorted(attributes.items()))
    return Identity(id=name, proof=proof, method="test", groups=groups, attributes=pairs)  # type: ignore[arg-type]


def caller(agent: str, user: Identity | str | None = None) -> Principal:
    return Principal(agent=party(agent), user=party(user) if isinstance(user, str) else user)


def on(*texts: str) -> tuple[Resource, ...]:
    pairs = [text.partition(":") for text in texts]
    return tuple(Resource(ResourceKind(kind), name) for kind, _colon, name in pairs)
