"""Codes of lint findings: definitions that load and answer, and yet are probably not what their owner means."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _reviewing_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=f"E_LINT_{name}", group="reviewing", status=422, cause=cause, cure=cure)


NO_DESCRIPTION = _reviewing_code(
    "NO_DESCRIPTION",
    "A metric, model or saved query has no description, so that people and agents have only its name to choose by.",
    "Say in a sentence what it counts or holds, and what it leaves out.",
)
NO_OWNER = _reviewing_code(
    "NO_OWNER",
    "A metric or model has no owner, so that nobody is asked when its numbers are doubted.",
    "Name a person or a team in `owner`.",
)
SHARED_SYNONYM = _reviewing_code(
    "SHARED_SYNONYM",
    "Two metrics have the same synonym, or one's synonym is another's name written with spaces: asking by it is "
    "answered by a question back, or by the metric that was not meant.",
    "Leave the synonym with the one metric that people mean by it.",
)
UNUSED_MODEL = _reviewing_code(
    "UNUSED_MODEL",
    "No metric is built on the model and none can be grouped by anything of it.",
    "Build a metric on it, join it by an entity, or take it away.",
)
UNREACHABLE_DIMENSION = _reviewing_code(
    "UNREACHABLE_DIMENSION",
    "No metric can be grouped or filtered by the dimension, though its model is in use.",
    "Give the model a primary entity that others point at, or remove the second path that makes the name ambiguous.",
)
DUPLICATE_DIMENSION = _reviewing_code(
    "DUPLICATE_DIMENSION",
    "Two dimensions of one model have the same expression: people group by one and filter by the other, and nobody "
    "knows that they are the same.",
    "Keep one and give it the other's name as a synonym.",
)
FLOAT_EQUALITY = _reviewing_code(
    "FLOAT_EQUALITY",
    "A filter or expression tests a number with a fraction for equality, which floating-point columns rarely meet.",
    "Compare with a range, or cast the column to a decimal in `expr`.",
)
NON_ADDITIVE_SUM = _reviewing_code(
    "NON_ADDITIVE_SUM",
    "Something is added up that has no sum: a rate, a percentage, an average, an id.",
    "Make a ratio of two sums, average it, or count it.",
)
DUPLICATE_DEFINITION = _reviewing_code(
    "DUPLICATE_DEFINITION",
    "Two metrics mean exactly the same under different names.",
    "Keep one and give it the other's name as a synonym; deprecate the other with `replaced_by`.",
)
NO_REPLACEMENT = _reviewing_code(
    "NO_REPLACEMENT",
    "A deprecated metric does not say what to use instead, or its replacement is itself not active.",
    "Name an active metric in `deprecation.replaced_by`.",
)
NOT_DEPRECATED = _reviewing_code(
    "NOT_DEPRECATED",
    "A metric has a `deprecation` but not the status deprecated, so that its sunset date does nothing.",
    "Set `status: deprecated`, or take the deprecation away.",
)
CERTIFICATION_VOID = _reviewing_code(
    "CERTIFICATION_VOID",
    "The definition has changed since it was certified; the certification no longer counts.",
    "Have the new definition reviewed and certified, or take the certification away; never copy the new hash unread.",
)
BUILT_ON_UNSETTLED = _reviewing_code(
    "BUILT_ON_UNSETTLED",
    "An active metric is built on a draft or a deprecated one.",
    "Build it on an active metric, or give it the status of what it is built on.",
)

CODES = (
    NO_DESCRIPTION,
    NO_OWNER,
    SHARED_SYNONYM,
    UNUSED_MODEL,
    UNREACHABLE_DIMENSION,
    DUPLICATE_DIMENSION,
    FLOAT_EQUALITY,
    NON_ADDITIVE_SUM,
    DUPLICATE_DEFINITION,
    NO_REPLACEMENT,
    NOT_DEPRECATED,
    CERTIFICATION_VOID,
    BUILT_ON_UNSETTLED,
)
