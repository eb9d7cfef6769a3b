"""Values of a question beside bytes: answers show bytes as base64, so a filter takes them in that form.

What a definition or a rule of policy compares is the engine's own, as it is written there.
"""

from __future__ import annotations

import base64
import binascii

from sqlglot import exp

from metricgate.compiling.context import Context
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.planning.scan_parts import Condition, Reference
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.result import DataType


def are_shown_bytes(condition: Condition, reference: Reference, values: tuple[Scalar, ...], context: Context) -> bool:
    """Whether values of a question are compared with a member whose values an answer shows as base64."""
    if not condition.shown or all(each is None for each in values):
        return False
    if reference.granularity is not None or reference.part is not None:
        return False
    return context.kinds.shown_as(reference.model, reference.expression) is DataType.BINARY


def bound_bytes(value: Scalar, name: str, context: Context) -> exp.Expr:
    """Return a new parameter as bytes; ``name`` is the member that it is compared with.

    Raises:
        OtherKind: it is no base64; the message has the nearest form that is.
    """
    if isinstance(value, str) and not _is_base64(value):
        raise OtherKind(
            f"{name} holds bytes, which are shown as base64, and {value[:40]!r} is none: {_nearest_base64(value)}"
        )
    if not isinstance(value, str):
        raise OtherKind(f"{name} holds bytes, which are shown as base64, and {value} is no text")
    return context.dialect.from_base64(context.bind(value))


def _is_base64(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except (binascii.Error, ValueError):
        return False


def _nearest_base64(text: str) -> str:
    """What was meant: base64 of another alphabet or without its end, else the bytes of the text itself.

    >>> _nearest_base64("_-8"), _nearest_base64("a b")
    ("write '/+8='", "the bytes of that text are 'YSBi'")
    """
    plain = text.strip().translate(str.maketrans("-_", "+/")).rstrip("=")
    mended = plain + "=" * (-len(plain) % 4)
    if _is_base64(mended):
        return f"write {mended!r}"
    return f"the bytes of that text are {base64.b64encode(text[:40].encode()).decode()!r}"
