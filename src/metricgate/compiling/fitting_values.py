"""Values of a condition beside a member of another kind: engines differ in what they make of that, one without a word.

MariaDB reads a text as a number as far as it can, and 'open' as 0: ``status = 0`` would hold for every status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from metricgate.compiling.context import Context
from metricgate.dialects.kinds import NUMBERS, ValueKind
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.dialects.meanings.shared import NUMBER
from metricgate.planning.scan_parts import Reference
from metricgate.vocabulary.predicate import Operator, Scalar

_EQUALITIES = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NOT_IN})
_ORDERS = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE, Operator.BETWEEN})
_NUMBER = re.compile(NUMBER)


def fit_values(op: Operator, values: Sequence[Scalar], reference: Reference, context: Context) -> tuple[Scalar, ...]:
    """Return the values as they are compared with the member: a whole number as a text where the member is one.

    Raises:
        OtherKind: a value that does not fit.
    """
    known = op in _EQUALITIES or op in _ORDERS
    if not known or reference.granularity is not None or reference.part is not None:
        return tuple(values)
    if any(isinstance(each, (int, float, Decimal)) for each in values):
        if context.kinds.kind(reference.model, reference.expression) is ValueKind.TEXT:
            return tuple(_as_text(each, op, reference.name) for each in values)
    elif context.dialect.pads and any(isinstance(each, str) for each in values):
        kind = context.kinds.kind(reference.model, reference.expression)
        wrong = [each for each in values if isinstance(each, str) and not _NUMBER.match(each)]
        if kind in NUMBERS and wrong:
            raise OtherKind(f"{reference.name} is a number, and {wrong[0]!r} is none")
    return tuple(values)


def _as_text(value: Scalar, op: Operator, name: str) -> Scalar:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and op in _EQUALITIES:
        return str(value)
    raise OtherKind(f"{name} is a text, and {value} is none: write it as a text")
