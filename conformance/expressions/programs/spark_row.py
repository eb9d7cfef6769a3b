"""Spark on the JVM, a Connect server of its own: ``{before, asked}`` as JSON, a row or an error for each as JSON."""

import datetime as dt
import decimal
import json
import math
import sys

from pyspark.sql import SparkSession


def plain(value):
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


spark = SparkSession.builder.remote("local[2]").getOrCreate()
spark.conf.set("spark.sql.session.timeZone", "UTC")
spark.conf.set("spark.sql.ansi.enabled", "true")
work = json.load(sys.stdin)
for statement in work["before"]:
    spark.sql(statement).collect()
found = []
for statement in work["asked"]:
    try:
        [row] = spark.sql(statement).collect()
        found.append({"row": [plain(value) for value in row]})
    except Exception as error:
        found.append({"error": str(error)[:600]})
print(json.dumps(found))
