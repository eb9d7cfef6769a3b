"""DataFusion in the process: ``{before, asked}`` from standard input as JSON, a row or an error for each as JSON."""

import datetime as dt
import decimal
import json
import math
import sys

from datafusion import SessionConfig, SessionContext


def plain(value):
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return {"decimal": str(value)}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


config = {"datafusion.sql_parser.dialect": "PostgreSQL", "datafusion.execution.time_zone": "UTC"}
here = SessionContext(SessionConfig(config))
work = json.load(sys.stdin)
for statement in work["before"]:
    here.sql(statement).collect()
found = []
for statement in work["asked"]:
    try:
        [batch] = [each for each in here.sql(statement).collect() if each.num_rows]
        found.append({"row": [plain(column[0].as_py()) for column in batch.columns]})
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        found.append({"error": str(error)[:600]})
print(json.dumps(found))
