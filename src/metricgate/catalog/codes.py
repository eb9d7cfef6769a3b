"""Codes of the catalog room: what can be wrong with definitions, filters, and their fit to the warehouse."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _catalog_code(name: str, cause: str, cure: str) -> Code:
    return Code(name=name, group="catalog", status=422, cause=cause, cure=cure)


DUPLICATE_NAME = _catalog_code(
    "E_DUPLICATE_NAME",
    "Two things that are told apart by their names have the same one.",
    "Rename one of them; metrics of one bare name may live in different domains.",
)
SYNONYM_SHADOWS = _catalog_code(
    "E_SYNONYM_SHADOWS",
    "A synonym is the name of another metric, so that asking by it could silently mean either.",
    "Take the synonym away, or rename the metric it hides.",
)
DANGLING_REFERENCE = _catalog_code(
    "E_DANGLING_REFERENCE",
    "A definition names a metric, model, dimension or entity that does not exist.",
    "Correct the name, or define what it names; metrics of another domain need their full name.",
)
METRIC_CYCLE = _catalog_code(
    "E_METRIC_CYCLE",
    "Metrics are built on each other in a circle.",
    "Break the circle: build one of them on a simple metric.",
)
TWO_PATHS = _catalog_code(
    "E_TWO_PATHS",
    "Two models with the same primary or unique entity have a dimension of the same name: one path, two meanings.",
    "Rename the dimension in one of them, or make the entity foreign there and join it by a named relationship.",
)
JOIN_KEYS = _catalog_code(
    "E_JOIN_KEYS",
    "The two sides of a join do not fit: different numbers of key columns, or a target that is not unique.",
    "Join to the columns of a primary or unique entity, with the same number of columns on both sides.",
)
PRIMARY_ENTITY = _catalog_code(
    "E_PRIMARY_ENTITY",
    "A model has dimensions but no primary entity, so that nothing can name them; or it has two.",
    "Give one entity the type primary, or set `primary_entity`.",
)
TIME_DIMENSION = _catalog_code(
    "E_TIME_DIMENSION",
    "A time dimension has no granularity, a categorical one has one, or `agg_time_dimension` names none.",
    "Set `granularity` exactly on time dimensions, and name a time dimension of the metric's own model.",
)
BAD_EXPRESSION = _catalog_code(
    "E_BAD_EXPRESSION",
    "An `expr` is not one scalar SQL expression over the columns of its own source.",
    "Write columns, literals, operators, CASE and listed functions only; aggregate with `agg`, join with entities.",
)
INPUTS = _catalog_code(
    "E_INPUTS",
    "A metric and its inputs do not fit: an unknown or unused alias, two options that exclude each other, a window in "
    "units that do not exist, or an input that is not simple where rows are needed.",
    "Use exactly the aliases of `input_metrics` in `expr`; build cumulative and conversion metrics on simple ones.",
)
BAD_FILTER = _catalog_code(
    "E_BAD_FILTER",
    "A filter does not have a form that can be read: an unknown operator, or a value that does not fit it.",
    "Write `{member, op, value}`, or `{and: [...]}`, `{or: [...]}`, `{not: ...}` around such parts.",
)
BAD_TEMPLATE = _catalog_code(
    "E_BAD_TEMPLATE",
    "A filter in the template form is not a plain condition over `{{ Dimension(...) }}`, `{{ TimeDimension(...) }}`, "
    "`{{ Entity(...) }}` or `{{ Metric(...) }}`.",
    "Write members only as template calls and compare them with literals; or use the structured form.",
)
FILTER_TOO_LARGE = _catalog_code(
    "E_FILTER_TOO_LARGE",
    "A filter has more parts, more values, or deeper nesting than is read.",
    "Shorten the filter; put long lists of values into a dimension of the model.",
)
NO_SUCH_TABLE = _catalog_code(
    "E_NO_SUCH_TABLE",
    "The warehouse has no relation of a model's `source`.",
    "Correct `source`, or load the table.",
)
NO_SUCH_COLUMN = _catalog_code(
    "E_NO_SUCH_COLUMN",
    "An expression reads a column that the model's source does not have.",
    "Correct the column's name.",
)
COLUMN_TYPE = _catalog_code(
    "E_COLUMN_TYPE",
    "A column's type does not fit what the definition does with it.",
    "Cast the column in `expr`, or use another aggregation or dimension type.",
)
UNKNOWN_WAREHOUSE = _catalog_code(
    "E_UNKNOWN_WAREHOUSE",
    "A semantic model or a time spine names a warehouse that the settings do not have.",
    "Correct `warehouse`, or add it under `warehouses` in metricgate.yaml.",
)
METRIC_SPANS_WAREHOUSES = _catalog_code(
    "E_METRIC_SPANS_WAREHOUSES",
    "A metric is built on models that lie in different warehouses, and no statement can read from two.",
    "Build it on models of one warehouse, or bring the tables together in one.",
)

CODES = (
    DUPLICATE_NAME,
    SYNONYM_SHADOWS,
    DANGLING_REFERENCE,
    METRIC_CYCLE,
    TWO_PATHS,
    JOIN_KEYS,
    PRIMARY_ENTITY,
    TIME_DIMENSION,
    BAD_EXPRESSION,
    INPUTS,
    BAD_FILTER,
    BAD_TEMPLATE,
    FILTER_TOO_LARGE,
    NO_SUCH_TABLE,
    NO_SUCH_COLUMN,
    UNKNOWN_WAREHOUSE,
    METRIC_SPANS_WAREHOUSES,
    COLUMN_TYPE,
)
