"""The kinds of tree nodes that were reviewed, by exact class. A kind that is not here is refused.

Functions are here because of what they are made of; whether they may be called is decided by the names that the text
has for them (``calls.py``).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

_QUERIES = """
    Select Union Except Intersect Subquery With CTE TableAlias From Join Where Group Cube Rollup GroupingSets Having
    Qualify Order Ordered Limit LimitOptions Fetch Offset Distinct Window WindowSpec Table Values Lateral Unnest Tuple
    Paren
"""
_VALUES = """
    Identifier Column Literal Null Boolean Star Alias Var DataType DataTypeParam Interval IntervalSpan Bracket Slice
    Lambda PropertyEQ Kwarg HexString BitString ByteString RawString National UnicodeString TableColumn JSONPath
    JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard JSONPathSlice JSONPathUnion JSONKeyValue FormatJson
    Comprehension Introducer Dot
"""
_OPERATORS = """
    Add Sub Mul Div IntDiv Mod Neg And Or Not Xor EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike
    SimilarTo RegexpLike RegexpILike Glob Escape DPipe BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift
    BitwiseRightShift Pow Any All Exists Filter WithinGroup IgnoreNulls RespectNulls AtTimeZone Collate Overlaps
    ArrayContainsAll ArrayContainedBy ArrayOverlaps Adjacent Operator
"""
_MATH = """
    Acos Acosh Asin Asinh Atan Atanh Atan2 Cos Cosh Cot Coth Degrees Radians Sin Sinh Tan Tanh CosineDistance
    DotProduct EuclideanDistance JarowinklerSimilarity Abs Cbrt Ceil Exp Factorial Floor IsInf IsNan Ln Log Negative
    Pi Round Sign Sqrt Trunc BitwiseAndAgg BitwiseCount BitwiseOrAgg BitwiseXorAgg Getbit WidthBucket Rand
"""
_STRINGS = """
    Ascii BitLength ByteLength Chr Concat ConcatWs Contains Elt EndsWith Format Initcap Left Length Levenshtein Lower
    Normalize NumberToStr Overlay Pad Repeat Replace Reverse Right Soundex Space Split SplitPart StartsWith
    StrPosition Substring SubstringIndex Translate Trim Unicode Upper ConvertToCharset Decode Encode FromBase64 Hex
    LowerHex ToBase64 ToChar ToNumber Unhex RegexpCount RegexpExtract RegexpExtractAll RegexpFullMatch RegexpInstr
    RegexpReplace RegexpSplit RegexpSubstr MD5 MD5Digest SHA SHA1Digest SHA2 SHA2Digest Stuff
"""
_TIMES = """
    CurrentDate CurrentDatetime CurrentTime CurrentTimestamp CurrentTimestampLTZ Localtime Localtimestamp UtcDate
    UtcTime UtcTimestamp AddMonths DateAdd DateBin DateDiff DateSub DatetimeAdd DatetimeDiff DatetimeSub MonthsBetween
    TimeAdd TimeDiff TimeSub TimestampAdd TimestampDiff TimestampSub TsOrDsAdd TsOrDsDiff DatetimeTrunc DateTrunc
    TimestampTrunc TimeTrunc Day DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname Extract Hour Minute Month
    Monthname Quarter Second ToDays Week WeekOfYear Year YearOfWeek YearOfWeekIso Date DateFromParts DateFromUnixDate
    Datetime JustifyDays JustifyHours JustifyInterval LastDay MakeInterval Time TimeFromParts Timestamp
    TimestampFromParts TimestampTzFromParts ConvertTimezone DateStrToDate StrToDate StrToTime StrToUnix TimeStrToDate
    TimeStrToTime TimeStrToUnix TimeToStr TimeToTimeStr TimeToUnix TsOrDsToDate TsOrDsToDateStr TsOrDsToDatetime
    TsOrDsToTime TsOrDsToTimestamp UnixDate UnixMicros UnixMillis UnixSeconds UnixToStr UnixToTime
"""
_AGGREGATES = """
    AnyValue ApproxDistinct ApproxQuantile ApproxTopK ArgMax ArgMin ArrayAgg ArrayUniqueAgg Avg Corr Count CountIf
    CovarPop CovarSamp CumeDist DenseRank First FirstValue GroupConcat Grouping GroupingId Kurtosis Lag Last LastValue
    Lead LogicalAnd LogicalOr Max Median Min Mode Ntile NthValue PercentileCont PercentileDisc PercentRank Quantile
    Rank RegrAvgx RegrAvgy RegrCount RegrIntercept RegrR2 RegrSlope RegrSxx RegrSxy RegrSyy RowNumber Skewness Stddev
    StddevPop StddevSamp Sum Variance VariancePop JSONArrayAgg JSONBObjectAgg JSONObjectAgg
"""
_COLLECTIONS = """
    Array List ToArray ArrayAppend ArrayCompact ArrayConcat ArrayFilter ArrayInsert ArrayPrepend ArrayRemove
    ArrayReverse ArraySlice ArraySort ArrayAll ArrayAny ArrayContains ArrayExcept ArrayIntersect ArrayPosition
    ArrayDistinct ArrayFirst ArrayLast ArrayMax ArrayMin ArraySize ArraySum ArraysZip ArrayToString Flatten
    StringToArray Apply Reduce Transform GenerateSeries ExplodingGenerateSeries GenerateDateArray
    GenerateTimestampArray Explode Map MapFromEntries MapKeys ToMap VarMap Struct StructExtract JSONArray
    JSONArrayAppend JSONArrayContains JSONArrayInsert JSONBContains JSONBExists JSONBExtract JSONBExtractScalar
    JSONExists JSONExtract JSONExtractArray JSONExtractScalar JSONFormat JSONKeys JSONObject JSONRemove JSONSet
    JSONType JSONValue ParseJSON JSONBContainsTopKey JSONBContainsAllTopKeys JSONBContainsAnyTopKeys JSONBDeleteAtPath
    JSONBPathExists JSONStripNulls
"""
_OTHERS = """
    Anonymous AnonymousAggFunc Cast TryCast JSONCast If Case Coalesce Greatest Least Nullif Nvl2 Collation Convert
    Typeof Try MatchAgainst FromJson IsNullValue EqualNull Uniform Uuid Host
"""

_UNREVIEWED = {"Operator", "Uniform", "AnonymousAggFunc", "JSONBPathExists", "Comprehension"}


def _classes(*lists: str) -> frozenset[type[exp.Expr]]:
    names = {name for text in lists for name in text.split()} - _UNREVIEWED
    return frozenset(getattr(exp, name) for name in names)


ALLOWED = _classes(_QUERIES, _VALUES, _OPERATORS, _MATH, _STRINGS, _TIMES, _AGGREGATES, _COLLECTIONS, _OTHERS)
"""Exact classes; a subclass of one of them is another class."""

ROOTS = frozenset({exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery})
"""What a whole text may be."""

_QUERY_PARTS = frozenset({"with_", "order", "limit", "offset"})

CLAUSES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Select: _QUERY_PARTS
    | {"expressions", "distinct", "from_", "joins", "where", "group", "having", "qualify", "windows"},
    exp.Union: _QUERY_PARTS | {"this", "expression", "distinct", "by_name", "side", "kind", "on"},
    exp.Except: _QUERY_PARTS | {"this", "expression", "distinct"},
    exp.Intersect: _QUERY_PARTS | {"this", "expression", "distinct"},
    exp.Subquery: _QUERY_PARTS | {"this", "alias", "joins"},
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.Table: frozenset({"this", "db", "catalog", "alias", "joins", "ordinality"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    exp.Lateral: frozenset({"this", "alias", "view", "outer", "ordinality"}),
    exp.Unnest: frozenset({"expressions", "alias", "offset"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.Group: frozenset({"expressions", "grouping_sets", "cube", "rollup", "all"}),
    exp.Limit: frozenset({"expression", "offset", "limit_options"}),
    exp.Fetch: frozenset({"direction", "count", "limit_options"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Star: frozenset({"except_", "replace", "rename"}),
    exp.Interval: frozenset({"this", "unit", "fraction_in_string"}),
    exp.Cast: frozenset({"this", "to", "safe"}),
    exp.TryCast: frozenset({"this", "to", "safe", "requires_string"}),
}
"""Parts that a node of the class may have; of classes that are not here, any."""

JOIN_WORDS = frozenset(
    {"", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "SEMI", "ANTI", "NATURAL", "ASOF", "POSITIONAL"}
)
