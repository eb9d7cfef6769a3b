"""Codes of the planning room: what can be wrong with a question that is well formed."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _planning_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="planning", status=status, cause=cause, cure=cure)


UNKNOWN_METRIC = _planning_code(
    "E_UNKNOWN_METRIC",
    404,
    "No metric answers to the name.",
    "Take one of the names in the hint, or search the catalog.",
)
AMBIGUOUS_METRIC = _planning_code(
    "E_AMBIGUOUS_METRIC",
    409,
    "The name fits several metrics, and nothing decides between them.",
    "Ask the user the question in the details, then ask again with the full name of the one that is meant.",
)
NO_METRICS = _planning_code(
    "E_NO_METRICS",
    422,
    "The question names no metric.",
    "Name at least one metric; to see the values of a dimension, list them.",
)
UNKNOWN_MEMBER = _planning_code(
    "E_UNKNOWN_MEMBER",
    422,
    "No model has a dimension or entity of that name.",
    "Take one of the members in the hint; describe the metric to see all of them.",
)
AMBIGUOUS_PATH = _planning_code(
    "E_AMBIGUOUS_PATH",
    422,
    "Several join paths lead to a member of that name, and they may give different numbers.",
    "Write the member with its whole path, as the details show for each.",
)
NO_PATH = _planning_code(
    "E_NO_PATH",
    422,
    "The member exists, but no join leads to it from the metric's model.",
    "Group or filter by a member that the metric reaches, or ask for the metric alone.",
)
FAN_OUT = _planning_code(
    "E_FAN_OUT",
    422,
    "The member can only be reached from one row to many, so that rows of the metric would be counted more than once.",
    "Use a member on the one side, or a metric of the model on the many side.",
)
CONFLICTING_MEMBER = _planning_code(
    "E_CONFLICTING_MEMBER",
    422,
    "The member means another dimension for one of the metrics than for another.",
    "Ask for the metrics one by one, or write a member that means the same for all of them.",
)
COMPOSITE_ENTITY = _planning_code(
    "E_COMPOSITE_ENTITY",
    422,
    "The entity has a key of several columns, which is not one value to group or filter by.",
    "Use a dimension of the model instead.",
)
GRAIN_TOO_FINE = _planning_code(
    "E_GRAIN_TOO_FINE",
    422,
    "The grain or the bound of a time range is finer than the data, or a metric looks back by an offset or window that "
    "is no whole number of its data's periods.",
    "Ask at the finest grain named in the message, or a coarser one; a metric's owner writes offsets in whole periods.",
)
NOT_A_TIME = _planning_code(
    "E_NOT_A_TIME",
    422,
    "A grain is asked of a member that is not a time.",
    "Leave the grain out.",
)
METRIC_AS_MEMBER = _planning_code(
    "E_METRIC_AS_MEMBER",
    422,
    "A metric is used where a member to group or filter by is wanted.",
    "Name the metric under `metrics`; filter by dimensions.",
)
NO_TIME = _planning_code(
    "E_NO_METRIC_TIME",
    422,
    "The question uses metric_time, or the metric looks back in time, and its definition names no time dimension.",
    "Leave metric_time and the time range out, or group and filter by a time dimension of your own choice.",
)
UNKNOWN_ORDER = _planning_code(
    "E_UNKNOWN_ORDER",
    422,
    "The question sorts by a column that its answer does not have.",
    "Sort by one of the metrics or group-bys of the question.",
)
BAD_LIMIT = _planning_code(
    "E_BAD_LIMIT",
    422,
    "The limit is not a whole number of at least 1, or the offset not one of at least 0.",
    "Give a limit of 1 or more and an offset of 0 or more, or leave them out.",
)
VALUE_TYPE = _planning_code(
    "E_VALUE_TYPE",
    422,
    "The value of a filter cannot be compared with its member.",
    "Give a value of the kind that the message names.",
)
VALUE_COUNT = _planning_code(
    "E_VALUE_COUNT",
    422,
    "A filter has too many or too few values for its operator.",
    "Give one value for a comparison, two for between, at least one for in, none for is_null.",
)
TWICE = _planning_code(
    "E_ASKED_TWICE",
    422,
    "The question names the same metric, group-by or sort column twice.",
    "Name it once.",
)
UNKNOWN_TIME_ZONE = _planning_code(
    "E_UNKNOWN_TIME_ZONE",
    422,
    "The time zone is not a name of the IANA time zone database.",
    "Write a name such as UTC, Europe/Berlin or America/New_York.",
)
UNKNOWN_TIME_KIND = _planning_code(
    "E_UNKNOWN_TIME_KIND",
    422,
    "The question is about times in a zone, and neither the warehouse nor the model says whether the values are "
    "moments, local times or dates: each would give other numbers.",
    "The model's owner adds `time_kind: zoned`, `local` or `date` to the dimension, or a type to its expression.",
)
EMPTY_RANGE = _planning_code(
    "E_EMPTY_TIME_RANGE",
    422,
    "The time range ends before it starts, so that it holds nothing.",
    "Give a start that is before the end; the end itself is not part of the range.",
)

NEEDS_TIME = _planning_code(
    "E_NEEDS_METRIC_TIME",
    422,
    "A metric that looks back in time (an offset, a window, a period to date) is asked without any time.",
    "Group by metric_time at the grain you want; the value depends on it.",
)
NO_TIME_SPINE = _planning_code(
    "E_NO_TIME_SPINE",
    422,
    "The question needs a time spine that is declared: metric_time without a metric, or a calendar's periods of "
    "moments finer than its days; and the catalog has none that is fine enough.",
    "Add a relation with one row per day (or finer) under `time_spines`, or name a metric.",
)
UNDATED = _planning_code(
    "E_UNDATED_HISTORY",
    422,
    "A slowly changing dimension is joined, but the metric has no time that says which of its rows hold.",
    "Give the metric an `agg_time_dimension`, or use a dimension that does not change.",
)
NO_COMMON_MODEL = _planning_code(
    "E_NO_COMMON_MODEL",
    422,
    "A question without metrics names members that no one model reaches together.",
    "Ask for fewer members, or name a metric whose model reaches all of them.",
)
METRIC_GROUPS = _planning_code(
    "E_METRIC_GROUPS",
    422,
    "A filter compares with another metric's value per group, and the two are not joined by that group.",
    "Group the inner metric by entities or dimensions that the outer one reaches under the same name.",
)

CALENDAR_WINDOW = _planning_code(
    "E_CALENDAR_WINDOW",
    422,
    "A metric looks back by periods of a calendar (a custom granularity) where that has no meaning: a conversion's "
    "window, a time asked finer than the calendar's time spine, calendars of several time spines.",
    "Ask by the time spine's grain or coarser; give a conversion's window in days, weeks, months or years.",
)

UNSAFE_REAGGREGATION = _planning_code(
    "E_UNSAFE_REAGGREGATION",
    422,
    "The metric's values cannot be put together the way the question asks without counting something more than once.",
    "Group by metric_time at a grain, as the message says.",
)
TOO_MANY_MOMENTS = _planning_code(
    "E_TOO_MANY_MOMENTS",
    422,
    "A metric that looks back in time, or shows periods without rows, is asked by minutes or finer over a stretch of "
    "more than a million of them, or of no known end; no time spine is declared for them.",
    "Give a time_range with both ends, ask by hour or coarser, or declare a time spine of that grain.",
)
TIME_ATTRIBUTE = _planning_code(
    "E_TIME_ATTRIBUTE",
    422,
    "A metric that looks back in time is grouped or filtered by something that depends on its own time (a computed "
    "fiscal year, a weekday of a calendar), and that cannot be told of the moments that are shown.",
    "Group by metric_time with a grain, or ask without the metric that looks back.",
)
NEEDS_NO_METRICS = _planning_code(
    "E_NEEDS_NO_METRICS",
    422,
    "Least and greatest values, or rows that are not made distinct, are asked together with metrics.",
    "Leave the metrics out, or the option.",
)

CODES = (
    UNKNOWN_METRIC,
    AMBIGUOUS_METRIC,
    NO_METRICS,
    UNKNOWN_MEMBER,
    AMBIGUOUS_PATH,
    NO_PATH,
    FAN_OUT,
    CONFLICTING_MEMBER,
    COMPOSITE_ENTITY,
    GRAIN_TOO_FINE,
    NOT_A_TIME,
    METRIC_AS_MEMBER,
    NO_TIME,
    UNKNOWN_ORDER,
    BAD_LIMIT,
    VALUE_TYPE,
    VALUE_COUNT,
    TWICE,
    UNKNOWN_TIME_ZONE,
    UNKNOWN_TIME_KIND,
    EMPTY_RANGE,
    NEEDS_TIME,
    NO_TIME_SPINE,
    UNDATED,
    NO_COMMON_MODEL,
    METRIC_GROUPS,
    CALENDAR_WINDOW,
    UNSAFE_REAGGREGATION,
    TOO_MANY_MOMENTS,
    TIME_ATTRIBUTE,
    NEEDS_NO_METRICS,
)
