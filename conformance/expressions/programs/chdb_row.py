"""ClickHouse in the process: ``{before, asked}`` from standard input as JSON, a row or an error for each as JSON."""

import json
import sys

from chdb import session

here = session.Session()
work = json.load(sys.stdin)
for statement in work["before"]:
    here.query(statement)
found = []
for statement in work["asked"]:
    form = "output_format_json_quote_64bit_integers = 0, output_format_json_quote_denormals = 1"
    settings = f"{statement}, {form}" if " SETTINGS " in statement else f"{statement} SETTINGS {form}"
    try:
        text = str(here.query(settings, "JSONCompactEachRow")).strip()
        found.append({"row": json.loads(text.splitlines()[0])})
    except Exception as error:
        found.append({"error": str(error)[:600]})
print(json.dumps(found))
