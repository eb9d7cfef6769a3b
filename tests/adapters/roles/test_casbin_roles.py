"""The casbin role book: right from many threads, indexed, deterministic, and no memory of strangers."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from casbin import Enforcer
from casbin.model import Model

from metricgate.adapters.roles import casbin_roles
from metricgate.adapters.roles.casbin_roles import CasbinRoleBook
from metricgate.policy.kinds.grants import Grant, GrantEffect
from metricgate.policy.kinds.roles import Role
from metricgate.policy.patterns import covers
from metricgate.policy.ports import Ruling
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_THREADS = 8


def _role(name: str, *members: str, inherits: tuple[str, ...] = ()) -> Role:
    return Role(name=name, description="", members=members, inherits=inherits, attributes=(), place=Place())


def _grant(name: str, role: str, pattern: str, effect: GrantEffect = GrantEffect.ALLOW) -> Grant:
    return Grant(
        id=name,
        roles=(role,),
        actions=(Action.QUERY,),
        patterns=(pattern,),
        effect=effect,
        because="",
        place=Place(),
    )


def _metric(name: str) -> Resource:
    return Resource(ResourceKind.METRIC, name)


def _grants(number: int) -> list[Grant]:
    effects = (GrantEffect.ALLOW, GrantEffect.DENY)
    return [
        _grant(f"g{each}", f"r{each % 20}", f"metric:d{each % 7}.m{each % 50}", effects[each % 7 < 3])
        for each in range(number)
    ]


def _requests() -> list[tuple[frozenset[str], Resource]]:
    return [
        (frozenset({f"r{role}", "everyone"}), _metric(f"d{domain}.m{metric}"))
        for role in range(0, 20, 2)
        for domain in range(7)
        for metric in range(0, 50, 5)
    ]


@contextmanager
def _eager_switching() -> Iterator[None]:
    """Let the interpreter change threads as often as it can, so that an unguarded section is hit."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _wrong_decisions(book: CasbinRoleBook, expected: list[Ruling | None]) -> int:
    requests = _requests()
    start = threading.Barrier(_THREADS)

    def work(first: int) -> int:
        start.wait()
        wrong = 0
        for index in range(first, first + len(requests)):
            roles, resource = requests[index % len(requests)]
            try:
                wrong += book.decide(roles, Action.QUERY, resource) != expected[index % len(requests)]
            except (IndexError, KeyError, RuntimeError):
                wrong += 1
        return wrong

    with _eager_switching(), ThreadPoolExecutor(_THREADS) as pool:
        return sum(pool.map(work, range(0, _THREADS * 37, 37)))


def test_many_threads_get_the_decisions_of_one():
    """Eight threads share one book and get, decision for decision, what a single thread got."""
    grants = _grants(3_000)
    alone = CasbinRoleBook([], grants)
    expected = [alone.decide(roles, Action.QUERY, resource) for roles, resource in _requests()]
    assert {None if each is None else each.effect for each in expected} == {None, GrantEffect.ALLOW, GrantEffect.DENY}
    assert _wrong_decisions(CasbinRoleBook([], grants), expected) == 0


def test_the_index_selects_and_casbin_decides_as_without_index():
    """A plain casbin enforcer with the same model over all rules, linearly, decides the same."""
    grants = [
        *_grants(300),
        _grant("wide", "r2", "metric:d1.*"),
        _grant("no", "r4", "metric:*", GrantEffect.DENY),
        _grant("open", "everyone", "label:open"),
        _grant("shut", "r6", "label:shut.*", GrantEffect.DENY),
    ]
    book = CasbinRoleBook([], grants)
    model = Model()
    model.load_model_from_text(casbin_roles.MODEL)
    plain = Enforcer(model)
    plain.add_function("covers", covers)
    ordered = sorted(grants, key=lambda grant: grant.effect is GrantEffect.ALLOW)
    model["p"]["p"].policy = [
        [grant.roles[0], grant.actions[0], grant.patterns[0], grant.effect, grant.id] for grant in ordered
    ]
    for roles, resource in _requests()[::7]:
        for labels in ((), ("open",), ("open", "shut.tight")):
            asked = Resource(resource.kind, resource.name, labels)
            _allowed, line = plain.enforce_ex(roles, Action.QUERY, str(asked), labels)
            expected = Ruling(line[4], GrantEffect(line[3])) if line else None
            assert book.decide(roles, Action.QUERY, asked) == expected


def test_among_rules_of_one_effect_the_first_in_the_policy_is_named():
    """Neither the specificity of a pattern nor Python's hash order chooses the rule."""
    grants = [_grant("z", "r1", "metric:*"), _grant("a", "r2", "metric:a.b"), _grant("m", "r1", "metric:a.*")]
    book = CasbinRoleBook([], grants)
    assert book.decide(frozenset({"r1", "r2"}), Action.QUERY, _metric("a.b")) == Ruling("z", GrantEffect.ALLOW)
    denying = [
        *grants,
        _grant("no", "r2", "metric:a.*", GrantEffect.DENY),
        _grant("never", "r1", "*", GrantEffect.DENY),
    ]
    book = CasbinRoleBook([], denying)
    assert book.decide(frozenset({"r1", "r2"}), Action.QUERY, _metric("a.b")) == Ruling("no", GrantEffect.DENY)


def test_inheritance_has_no_depth_limit():
    """Casbin's role manager follows links ten levels deep and then says no; a role book follows all."""
    roles = [_role(f"r{each}", inherits=(f"r{each + 1}",)) for each in range(60)]
    book = CasbinRoleBook([_role("top", "user:ana", inherits=("r0",)), *roles, _role("r60")], [])
    assert len(book.roles_of({"user:ana"})) == 62


def test_strangers_leave_no_trace():
    """Casbin's role manager keeps every name it is asked about; the book asks about known parties only."""
    book = CasbinRoleBook([_role("reader", "user:ana")], [])
    manager = book._enforcer.rm_map["g"]
    before = len(manager.all_roles)
    for number in range(1_000):
        assert book.roles_of({f"user:stranger{number}", "role:reader", "reader"}) == frozenset()
    assert len(manager.all_roles) == before


def test_a_decision_does_not_grow_with_the_rules():
    """Ten thousand rules, by many roles on the same wide pattern, cost about what a hundred do."""

    def microseconds(rules: int) -> float:
        book = CasbinRoleBook([], [_grant(f"g{each}", f"r{each}", "metric:*") for each in range(rules)])
        best = float("inf")
        for _ in range(5):
            begin = time.perf_counter()
            for _ in range(100):
                book.decide(frozenset({"r7", "everyone"}), Action.QUERY, _metric("a.b"))
            best = min(best, time.perf_counter() - begin)
        return best * 1e4

    assert microseconds(10_000) < 5 * microseconds(100) + 20
