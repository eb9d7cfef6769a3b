"""Random policies of every kind of rule, callers, resources and circumstances, small enough to collide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from tests.policy.tools import party

from metricgate.policy.kinds.grants import GRANTS, Grant, GrantEffect
from metricgate.policy.kinds.limits import LIMITS, LimitRule
from metricgate.policy.kinds.masks import MASKS, MaskRule
from metricgate.policy.kinds.minimum_groups import MINIMUM_GROUPS, MinimumGroupRule
from metricgate.policy.kinds.roles import Role
from metricgate.policy.kinds.row_filters import ROW_FILTERS, RowFilterRule
from metricgate.policy.occasion import ALWAYS, UNKNOWN_CONTEXT, Day, EvaluationContext, Occasion, Terms
from metricgate.policy.policy import Policy
from metricgate.policy.rule_kinds import BUILT_IN
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import BudgetMeasure, MaskMethod, SmallGroups, Use
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.principal import Principal, Proof
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

ROLES = ("r0", "r1", "r2", "r3")
PARTIES = ("agent:a", "agent:b", "user:u", "user:v", "group:g", "group:h")
ACTIONS = (Action.QUERY, Action.DESCRIBE, Action.CALL, Action.READ)
PATTERNS = (
    "*", "metric:*", "metric:a.*", "metric:a.b.*", "metric:a", "metric:a.b", "metric:ab", "tool:*", "tool:t",
    "dataset:*", "dataset:d", "column:*", "column:d.*", "column:d.c", "column:d.e", "label:p", "label:p.*", "label:*",
    "dimension:d.*",
)  # fmt: skip
_COLUMNS = ("column:*", "column:d.*", "column:d.c", "label:p", "label:*", "label:p.q")
_GROUPS = ("dataset:*", "dataset:d", "label:p", "label:p.*")
LABELS = ((), ("p",), ("p.q",), ("o", "p"))
POOL = tuple(
    Resource(kind, name, labels)
    for kind, names in (
        (ResourceKind.METRIC, ("a", "a.b", "a.b.c", "ab", "a.bc", "x", "a b")),
        (ResourceKind.TOOL, ("t", "a.b")),
        (ResourceKind.DATASET, ("d", "x")),
        (ResourceKind.COLUMN, ("d.c", "d.e", "x.c", "d.odd name")),
        (ResourceKind.DIMENSION, ("d.c",)),
    )
    for name in names
    for labels in (LABELS if kind is not ResourceKind.TOOL else ((),))
)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_OCCASIONS = (
    Occasion(purposes=("audit",)),
    Occasion(purposes=("audit", "sale")),
    Occasion(days=(Day.MONDAY, Day.FRIDAY), hours=(8 * 60, 18 * 60), zone="Europe/Berlin"),
    Occasion(hours=(22 * 60, 6 * 60), zone="UTC"),
    Occasion(days=(Day.TUESDAY,), zone="America/New_York", purposes=("sale",)),
    Occasion(not_before=MONDAY, not_after=MONDAY + timedelta(days=2)),
)
circumstances = st.one_of(
    st.just(UNKNOWN_CONTEXT),
    st.builds(
        EvaluationContext,
        purpose=st.sampled_from([None, "audit", "SALE ", "other"]),
        now=st.one_of(
            st.none(),
            st.integers(0, 8 * 24 * 60 * 60).map(lambda seconds: MONDAY + timedelta(seconds=seconds - 86_400)),
        ),
    ),
)
terms = st.one_of(
    st.just(ALWAYS),
    st.just(ALWAYS),
    st.builds(Terms, when=st.sampled_from([None, *_OCCASIONS]), unless=st.sampled_from([None, *_OCCASIONS])),
)
resources = st.sampled_from(POOL)


def some(items: tuple, most: int = 2, least: int = 1) -> st.SearchStrategy[tuple]:
    return st.lists(st.sampled_from(items), min_size=least, max_size=most, unique=True).map(tuple)


_holders = some((*ROLES, "everyone"))
_shapes = st.one_of(
    st.sampled_from(
        [
            {"method": MaskMethod.NULL},
            {"method": MaskMethod.CONSTANT, "value": "x"},
            {"method": MaskMethod.CONSTANT, "value": 0},
            {"method": MaskMethod.HASH},
        ]
    ),
    st.builds(lambda a, b: {"method": MaskMethod.PARTIAL, "first": a, "last": b}, st.integers(0, 2), st.integers(0, 2)),
    st.sampled_from([10, 15, 30, 2.5, 5]).map(lambda width: {"method": MaskMethod.BUCKET, "width": width}),
    st.sampled_from([Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.YEAR]).map(
        lambda grain: {"method": MaskMethod.DATE, "grain": grain}
    ),
)
_BLANK = {"value": None, "first": 0, "last": 0, "width": None, "grain": None}
grants = st.builds(
    Grant,
    id=st.just(""),
    roles=_holders,
    actions=some(ACTIONS),
    patterns=some(PATTERNS),
    effect=st.sampled_from([GrantEffect.ALLOW, GrantEffect.ALLOW, GrantEffect.DENY]),
    because=st.just(""),
    terms=terms,
    place=st.just(Place()),
)
row_filters = st.builds(
    RowFilterRule,
    id=st.just(""),
    roles=_holders,
    dataset=st.sampled_from(["d", "x"]),
    condition=st.integers(0, 2).map(lambda value: Comparison(member="m", op=Operator.EQ, values=(value,))),
    terms=terms,
    place=st.just(Place()),
)
masks = st.builds(
    lambda shape, **rest: MaskRule(**{**_BLANK, **shape}, **rest),
    _shapes,
    id=st.just(""),
    roles=_holders,
    unless_roles=some(ROLES, most=1, least=0),
    patterns=some(_COLUMNS),
    uses=some(tuple(Use), most=3, least=0).map(frozenset),
    because=st.just(""),
    terms=terms,
    place=st.just(Place()),
)
minimum_groups = st.builds(
    MinimumGroupRule,
    id=st.just(""),
    roles=_holders,
    unless_roles=some(ROLES, most=1, least=0),
    patterns=some(_GROUPS),
    size=st.integers(2, 6),
    small=st.sampled_from(SmallGroups),
    because=st.just(""),
    terms=terms,
    place=st.just(Place()),
)
limits = st.builds(
    LimitRule,
    id=st.just(""),
    roles=_holders,
    patterns=some(PATTERNS),
    rows=st.one_of(st.none(), st.integers(1, 4)),
    seconds=st.one_of(st.none(), st.sampled_from([0.5, 1, 2])),
    bytes=st.none(),
    budgets=st.one_of(st.just(()), st.tuples(st.tuples(st.sampled_from(list(BudgetMeasure)), st.integers(1, 3)))),
    terms=terms,
    place=st.just(Place()),
)


def numbered(prefix: str, rules: list) -> tuple:
    """Give each rule its id."""
    return tuple(_with_id(rule, f"{prefix}{number}") for number, rule in enumerate(rules))


def _with_id(rule, name: str):
    return type(rule)(**{field: getattr(rule, field) for field in rule.__slots__} | {"id": name})


@st.composite
def roles(draw: st.DrawFn) -> tuple[Role, ...]:
    """Random roles; each inherits from later ones only: no circles."""
    return tuple(
        Role(
            name=name,
            description="",
            members=draw(some(PARTIES, least=0)),
            inherits=draw(some(ROLES[index + 1 :], least=0)) if index + 1 < len(ROLES) else (),
            attributes=(),
            place=Place(),
        )
        for index, name in enumerate(ROLES)
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Roles, grants, and a few rules of every other kind."""
    return Policy(
        roles=draw(roles()),
        principals=(),
        domains=(),
        by_kind=dict.fromkeys(BUILT_IN.kinds, ())
        | {
            GRANTS: numbered("g", draw(st.lists(grants, max_size=8))),
            ROW_FILTERS: numbered("f", draw(st.lists(row_filters, max_size=3))),
            MASKS: numbered("m", draw(st.lists(masks, max_size=4))),
            MINIMUM_GROUPS: numbered("n", draw(st.lists(minimum_groups, max_size=3))),
            LIMITS: numbered("l", draw(st.lists(limits, max_size=3))),
        },
        tests=(),
        digest="sha256:0",
    )


@st.composite
def open_policies(draw: st.DrawFn) -> Policy:
    """As ``policies``, with a grant of everything to everyone first, so that there is something to narrow."""
    policy = draw(policies())
    everything = Grant(
        id="all",
        roles=("everyone",),
        actions=ACTIONS,
        patterns=("*",),
        effect=GrantEffect.ALLOW,
        because="",
        place=Place(),
    )
    kept = tuple(grant for grant in policy.grants if grant.effect is GrantEffect.ALLOW or draw(st.booleans()))
    return with_rules(policy, grants=(everything, *kept))


def with_rules(policy: Policy, **kinds: tuple) -> Policy:
    """Return the policy with other rules of some kinds, by their keys."""
    by_kind = {kind: kinds.get(kind.key, rules) for kind, rules in policy.by_kind.items()}
    return replace(policy, by_kind=by_kind)


def rules_of(policy: Policy, key: str) -> tuple:
    """Return the rules of the kind that has this key."""
    return next(rules for kind, rules in policy.by_kind.items() if kind.key == key)


@st.composite
def principals(draw: st.DrawFn) -> Principal:
    """An agent, perhaps with a user, some of them strangers, some called like roles."""
    groups = draw(some(("g", "h", "x"), least=0))
    proof = draw(st.sampled_from(list(Proof)))
    user = draw(st.sampled_from([None, "u", "v", "r0"]))
    agent = party(draw(st.sampled_from(["a", "b", "u", "r0"])))
    return Principal(agent=agent, user=None if user is None else party(user, proof=proof, groups=groups))
