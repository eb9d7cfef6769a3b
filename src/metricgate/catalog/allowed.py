"""Which SQL nodes an expression may hold: an allow-list, so that what is new or unknown is refused.

Only deterministic scalar functions: the same row gives the same value whoever asks, whenever. Functions whose arguments
mean different things on different engines (``DATE_ADD``, ``LOG``, ``REGEXP_REPLACE``) are left out on purpose.
"""

from __future__ import annotations

from sqlglot import exp

OPERATORS: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg, exp.DPipe,
        exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is,
        exp.And, exp.Or, exp.Not, exp.Between, exp.In, exp.Like, exp.ILike, exp.Escape,
        exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.AtTimeZone,
        exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Var,
    }
)  # fmt: skip

FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Abs: "ABS", exp.Ceil: "CEIL", exp.Floor: "FLOOR", exp.Round: "ROUND", exp.Trunc: "TRUNC", exp.Sign: "SIGN",
    exp.Sqrt: "SQRT", exp.Exp: "EXP", exp.Ln: "LN", exp.Pow: "POWER",
    exp.Greatest: "GREATEST", exp.Least: "LEAST", exp.Coalesce: "COALESCE", exp.Nullif: "NULLIF",
    exp.Lower: "LOWER", exp.Upper: "UPPER", exp.Trim: "TRIM", exp.Length: "LENGTH", exp.Substring: "SUBSTRING",
    exp.Left: "LEFT", exp.Right: "RIGHT", exp.Concat: "CONCAT", exp.ConcatWs: "CONCAT_WS", exp.Replace: "REPLACE",
    exp.StrPosition: "STRPOS", exp.StartsWith: "STARTS_WITH", exp.SplitPart: "SPLIT_PART", exp.Reverse: "REVERSE",
    exp.MD5: "MD5", exp.RegexpLike: "REGEXP_LIKE",
    exp.Extract: "EXTRACT", exp.Year: "YEAR", exp.Quarter: "QUARTER", exp.Month: "MONTH", exp.Week: "WEEK",
    exp.Day: "DAY", exp.DayOfYear: "DAYOFYEAR", exp.Hour: "HOUR", exp.Minute: "MINUTE", exp.Second: "SECOND",
    exp.DateTrunc: "DATE_TRUNC", exp.TimestampTrunc: "TIMESTAMP_TRUNC", exp.DateDiff: "DATEDIFF",
    exp.LastDay: "LAST_DAY", exp.Date: "DATE",
}  # fmt: skip

TYPES = frozenset(
    {
        exp.DataType.Type.BOOLEAN, exp.DataType.Type.TINYINT, exp.DataType.Type.SMALLINT, exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT, exp.DataType.Type.INT128, exp.DataType.Type.FLOAT, exp.DataType.Type.DOUBLE,
        exp.DataType.Type.DECIMAL, exp.DataType.Type.CHAR, exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT,
        exp.DataType.Type.DATE, exp.DataType.Type.DATETIME, exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.TIME,
        exp.DataType.Type.INTERVAL,
    }
)  # fmt: skip

UNITS = frozenset({"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
PARTS = UNITS | {"DOW", "ISODOW", "DOY", "DAYOFWEEK", "DAYOFYEAR", "ISOYEAR", "EPOCH"}
