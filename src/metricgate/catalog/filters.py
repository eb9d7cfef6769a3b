"""The structured filter, shared by metrics, policies and tool arguments: JSON in, ``Predicate`` out.

A filter is ``{member, op, value}``, ``{and: [...]}``, ``{or: [...]}`` or ``{not: {...}}``. Values stay values.
In the place of a member may stand another metric's value per group: ``{metric, group_by, op, value}``.
Other spellings of operators are accepted on purpose, for people and agents who come from elsewhere::

    =   ==  eq  equals          <   lt          contains      (text)
    !=  <>  ne  neq  not_equals <=  lte  le     starts_with   (text)
    in  not_in  "not in"        >   gt          ends_with     (text)
    between                     >=  gte  ge     is_null  is_not_null
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.catalog import codes
from metricgate.catalog.names import MEMBER_PATTERN, METRIC_PATTERN, metric_call, split_metric_call
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar
from metricgate.vocabulary.problem import Code, Place, Problem, Problems

Path = tuple[str | int, ...]
Locate = Callable[[Path], Place]

_SPELLINGS = {
    "==": "=", "eq": "=", "equals": "=", "<>": "!=", "ne": "!=", "neq": "!=", "not_equals": "!=",
    "lt": "<", "lte": "<=", "le": "<=", "gt": ">", "gte": ">=", "ge": ">=", "not in": "not_in",
    "is null": "is_null", "is not null": "is_not_null",
}  # fmt: skip
_OPERATORS = {operator.value: operator for operator in Operator}
_NONE = frozenset({Operator.IS_NULL, Operator.IS_NOT_NULL})
_LISTS = frozenset({Operator.IN, Operator.NOT_IN})
_TEXT = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})
_ORDERED = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE, Operator.BETWEEN})
_PAIR = 2
_DEEPEST = 12
_MOST_PARTS = 500
_MOST_VALUES = 10_000
_LONGEST_TEXT = 10_000
_LARGEST = 10**38
_JOINS = ("and", "or", "not")
_OF_MEMBER = ("member", "op", "value")
_OF_METRIC = ("metric", "group_by", "op", "value")
_MOST_GROUPS = 10
_LONGEST_NAME = 400
"""A path of a few names."""
_METRIC = re.compile(METRIC_PATTERN)
_GROUP = re.compile(MEMBER_PATTERN)
_EXAMPLE = "For example {metric: sales.order_count, group_by: [customer], op: '>', value: 10}."


def parse_filter(
    raw: Json, path: str = "where", *, locate: Locate | None = None, metrics: bool = True
) -> Predicate | Problems:
    """Return the checked filter, or everything that is wrong with it.

    ``path`` is how places name the filter (``where.and[1].op``); ``locate`` finds places in a file instead.
    ``metrics`` says whether other metrics' values may be compared with; a row of a table knows none.
    """
    reader = _Reader(locate or (lambda steps: Place(path=_path_text(path, steps))), metrics=metrics)
    predicate = reader.part(raw, (), 0)
    if reader.problems or predicate is None:
        return Problems(tuple(reader.problems))
    return predicate


def subject_of(member: str) -> dict[str, Json]:
    """Return the keys that name what is compared: ``{member}``, or ``{metric, group_by}``."""
    call = split_metric_call(member)
    return {"member": member} if call is None else {"metric": call[0], "group_by": list(call[1])}


def _path_text(path: str, steps: Path) -> str:
    return path + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


@dataclass(slots=True)
class _Reader:
    locate: Locate
    metrics: bool
    problems: list[Problem] = field(default_factory=list)
    parts: int = 0
    values: int = 0

    def complain(self, message: str, steps: Path, hint: str | None = None, code: Code = codes.BAD_FILTER) -> None:
        self.problems.append(Problem(code=code, message=message, where=self.locate(steps), hint=hint))

    def part(self, raw: Json, steps: Path, depth: int) -> Predicate | None:
        self.parts += 1
        if depth > _DEEPEST or self.parts > _MOST_PARTS:
            if not any(problem.code is codes.FILTER_TOO_LARGE for problem in self.problems):
                message = f"the filter has more than {_MOST_PARTS} parts or more than {_DEEPEST} levels"
                self.complain(message, steps, code=codes.FILTER_TOO_LARGE)
            return None
        if not isinstance(raw, Mapping):
            self.complain(
                "a filter is a mapping with member (or metric and group_by), op and value, or with one of and, or, not",
                steps,
                "For example {member: customer__segment, op: '=', value: BUILDING}.",
            )
            return None
        joins = [key for key in _JOINS if key in raw]
        if joins:
            return self.join(raw, joins[0], steps, depth)
        return self.comparison(raw, steps)

    def join(self, raw: Mapping[str, Json], key: str, steps: Path, depth: int) -> Predicate | None:
        others = [other for other in raw if other != key]
        if others:
            self.complain(f"{key!r} stands alone in its mapping, without {', '.join(map(repr, others[:5]))}", steps)
            return None
        inner = raw[key]
        if key == "not":
            part = self.part(inner, (*steps, key), depth + 1)
            return Not(part) if part is not None else None
        if isinstance(inner, str) or not isinstance(inner, Sequence) or not inner:
            self.complain(f"{key!r} needs a list of at least one filter", (*steps, key))
            return None
        parts = [self.part(each, (*steps, key, index), depth + 1) for index, each in enumerate(inner)]
        good = tuple(part for part in parts if part is not None)
        if len(good) != len(parts):
            return None
        return And(good) if key == "and" else Or(good)

    def comparison(self, raw: Mapping[str, Json], steps: Path) -> Comparison | None:
        before = len(self.problems)
        of_metric = "metric" in raw and "member" not in raw
        keys = _OF_METRIC if of_metric else _OF_MEMBER
        for key in raw:
            if key not in keys:
                hint = did_you_mean(str(key), (*keys, *_JOINS)) or f"A filter has the keys {', '.join(keys)}."
                self.complain(f"unknown key {str(key)[:60]!r} in a filter", (*steps, key), hint)
        member = self.metric(raw, steps) if of_metric else self.member(raw, steps)
        operator = self.operator(raw, steps)
        if operator is None:
            return None
        values = self.operands(operator, raw, steps)
        if of_metric and operator in _TEXT:
            self.complain(f"{operator.value} compares text, and a metric's value is none", (*steps, "op"))
        if len(self.problems) > before or member is None:
            return None
        return Comparison(member=member, op=operator, values=values)

    def member(self, raw: Mapping[str, Json], steps: Path) -> str | None:
        member = raw.get("member")
        if isinstance(member, str) and _is_member(member):
            return member
        self.complain(
            "member must be the name of a dimension or entity",
            (*steps, "member") if "member" in raw else steps,
            "For example customer__segment or metric_time__month.",
        )
        return None

    def metric(self, raw: Mapping[str, Json], steps: Path) -> str | None:
        """Return how a predicate names the metric's value per group: ``Metric(orders; customer)``."""
        if not self.metrics:
            self.complain("this filter is over rows, and no metric's value may stand in it", (*steps, "metric"))
            return None
        name, by = raw.get("metric"), raw.get("group_by")
        groups = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Sequence) else ()
        texts = tuple(each for each in groups if isinstance(each, str) and len(each) <= _LONGEST_NAME)
        named = isinstance(name, str) and len(name) <= _LONGEST_NAME and _METRIC.fullmatch(name) is not None
        if not named:
            self.complain("metric must be the name of a metric", (*steps, "metric"), _EXAMPLE)
        whole = len(texts) == len(groups) and all(_GROUP.fullmatch(each) for each in texts)
        if not whole or not 0 < len(groups) <= _MOST_GROUPS or len(set(texts)) < len(texts):
            spot = (*steps, "group_by") if "group_by" in raw else steps
            message = f"group_by must be a list of 1 to {_MOST_GROUPS} different dimensions or entities"
            if "group_by" not in raw:
                message = (
                    "a filter on a metric's value says per what the value is computed, in group_by: it keeps the rows "
                    "of those groups, and the value is over all their rows, whatever else the question filters"
                )
            self.complain(message, spot, _EXAMPLE)
            return None
        return metric_call(name, texts) if isinstance(name, str) and named else None

    def operator(self, raw: Mapping[str, Json], steps: Path) -> Operator | None:
        written = raw.get("op")
        if not isinstance(written, str):
            message = "op must be an operator" if "op" in raw else "the key 'op' is missing"
            self.complain(message, (*steps, "op") if "op" in raw else steps, f"One of {', '.join(_OPERATORS)}.")
            return None
        spelled = written.strip().lower()
        found = _OPERATORS.get(_SPELLINGS.get(spelled, spelled))
        if found is None:
            hint = did_you_mean(spelled, _OPERATORS) or f"One of {', '.join(_OPERATORS)}."
            self.complain(f"unknown operator {written[:60]!r}", (*steps, "op"), hint)
        return found

    def operands(self, operator: Operator, raw: Mapping[str, Json], steps: Path) -> tuple[Scalar, ...]:
        spot = (*steps, "value") if "value" in raw else steps
        value = raw.get("value")
        if operator in _NONE:
            if value is not None:
                self.complain(f"{operator.value} takes no value", spot, "Leave 'value' out.")
            return ()
        if "value" not in raw:
            self.complain("the key 'value' is missing", spot)
            return ()
        if operator in _LISTS or operator is Operator.BETWEEN:
            return self.several(operator, value, spot)
        if value is None:
            self.complain(f"{operator.value} with null is never true", spot, "Use the operator is_null or is_not_null.")
            return ()
        return self.scalars(operator, (value,), spot)

    def several(self, operator: Operator, value: Json, spot: Path) -> tuple[Scalar, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            self.complain(f"{operator.value} needs a list of values", spot, "For example value: [1, 2].")
            return ()
        if operator is Operator.BETWEEN and len(value) != _PAIR:
            self.complain("between needs exactly two values, the lower one first", spot)
            return ()
        if not value:
            self.complain(f"{operator.value} needs at least one value", spot)
            return ()
        return self.scalars(operator, value, spot)

    def scalars(self, operator: Operator, values: Sequence[Json], spot: Path) -> tuple[Scalar, ...]:
        self.values += len(values)
        if self.values > _MOST_VALUES:
            self.complain(f"the filter has more than {_MOST_VALUES:,} values", spot, code=codes.FILTER_TOO_LARGE)
            return ()
        good: list[Scalar] = []
        kinds: set[str] = set()
        for value in values:
            fault = _value_fault(operator, value)
            if fault is not None:
                self.complain(fault, spot)
                return ()
            if isinstance(value, (str, int, float)):
                good.append(value)
                kinds.add(_value_kind(value))
        if len(kinds) > 1:
            self.complain(f"{operator.value} compares with values of one kind, not {' and '.join(sorted(kinds))}", spot)
        return tuple(good)


def _value_kind(value: str | float) -> str:
    if isinstance(value, bool):
        return "booleans"
    return "text" if isinstance(value, str) else "numbers"


def _is_member(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and text.isascii() and text.replace("_", "a").replace(".", "a").isalnum()


def _value_fault(operator: Operator, value: Json) -> str | None:
    if value is None:
        return f"{operator.value} cannot compare with null; use is_null or is_not_null"
    if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
        return f"{operator.value} needs plain values, not lists or mappings"
    if isinstance(value, str):
        return _text_fault(value)
    if operator in _TEXT:
        return f"{operator.value} needs text"
    if operator in _ORDERED and isinstance(value, bool):
        return f"{operator.value} cannot order true and false"
    fits = isinstance(value, (int, float)) and -_LARGEST < value < _LARGEST
    return None if fits else "the number is too large"


def _text_fault(value: str) -> str | None:
    if len(value) > _LONGEST_TEXT:
        return f"the text has {len(value):,} characters; at most {_LONGEST_TEXT:,} are read"
    return None if _is_text(value) else "the text holds a NUL or half of a surrogate pair"


def _is_text(value: str) -> bool:
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
