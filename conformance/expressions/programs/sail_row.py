"""Sail, a Spark Connect server in a process: ``{before, asked}`` as JSON, a row or an error for each as JSON."""

import datetime as dt
import decimal
import json
import math
import sys

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession


def plain(value):
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


server = SparkConnectServer()
server.start(background=True)
host, port = server.listening_address
spark = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
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
