"""A basis as JSON and back, to be kept with what waits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from metricgate.gateway.changes.decision_basis import DecisionBasis, JudgeQuestion
from metricgate.policy.change_profile import ChangeProfile, RecentActivity
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import AttributeValue, Identity, Principal, Proof
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_LISTS = ("verbs", "targets", "labels", "columns", "unknown")


def to_json(basis: DecisionBasis) -> Json:
    """Return the JSON that ``from_json`` reads."""
    principal = basis.principal
    return {
        "principal": None
        if principal is None
        else [_identity_json(principal.agent), None if principal.user is None else _identity_json(principal.user)],
        "person": None if basis.person is None else _identity_json(basis.person),
        "purpose": basis.purpose,
        "asks": [
            [str(each.verb), _resources_json(each.resources), _resources_json(each.unless_forbidden)]
            for each in basis.asks
        ],
        "stakes": {**asdict(basis.stakes), "now": basis.stakes.now.isoformat()},
        "resources": _resources_json(basis.resources),
        "datasets": list(basis.datasets),
        "action": basis.action,
        "rules": [list(each) for each in basis.rules],
        "definitions": [list(each) for each in basis.definitions],
        "obligations": basis.obligations,
    }


def from_json(raw: Json) -> DecisionBasis:
    """Return what ``to_json`` wrote."""
    found = cast("dict[str, Any]", raw)
    stakes = dict(found["stakes"])
    stakes |= {name: tuple(stakes[name]) for name in _LISTS}
    stakes |= {"now": datetime.fromisoformat(stakes["now"]), "past": RecentActivity(**stakes["past"])}
    principal = found["principal"]
    return DecisionBasis(
        principal=None
        if principal is None
        else Principal(
            agent=_read_identity(principal[0]), user=None if principal[1] is None else _read_identity(principal[1])
        ),
        person=None if found["person"] is None else _read_identity(found["person"]),
        purpose=found["purpose"],
        asks=tuple(
            JudgeQuestion(
                verb=Action(verb), resources=_read_resources(resources), unless_forbidden=_read_resources(touched)
            )
            for verb, resources, touched in found["asks"]
        ),
        stakes=ChangeProfile(**stakes),
        resources=_read_resources(found["resources"]),
        datasets=tuple(found["datasets"]),
        action=found["action"],
        rules=tuple((name, digest) for name, digest in found["rules"]),
        definitions=tuple((name, digest) for name, digest in found["definitions"]),
        obligations=found["obligations"],
    )


def _identity_json(identity: Identity) -> Json:
    attributes: list[Json] = [
        [name, list(value) if isinstance(value, tuple) else value] for name, value in identity.attributes
    ]
    return [identity.id, str(identity.proof), identity.method, list(identity.groups), attributes]


def _read_identity(raw: list[Any]) -> Identity:
    name, proof, method, groups, attributes = raw
    values = cast(
        "tuple[tuple[str, AttributeValue], ...]",
        tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in attributes),
    )
    return Identity(id=name, proof=Proof(proof), method=method, groups=tuple(groups), attributes=values)


def _resources_json(resources: tuple[Resource, ...]) -> list[Json]:
    return [[str(each.kind), each.name, list(each.labels)] for each in resources]


def _read_resources(raw: list[Any]) -> tuple[Resource, ...]:
    return tuple(Resource(ResourceKind(kind), name, tuple(labels)) for kind, name, labels in raw)
