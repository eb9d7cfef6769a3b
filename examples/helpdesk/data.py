"""Makes the help desk's tickets: ``python examples/helpdesk/data.py [FOLDER]`` (by default this one)."""

from __future__ import annotations

import sys
from pathlib import Path

from metricgate.adapters.warehouses.duckdb.file import build_file

TICKETS = """
CREATE TABLE tickets(
  ticket_id INTEGER PRIMARY KEY, requester VARCHAR NOT NULL, subject VARCHAR NOT NULL, status VARCHAR NOT NULL,
  resolution VARCHAR, opened_at DATE NOT NULL, hours DECIMAL(6, 2)
);
INSERT INTO tickets
SELECT n, 'customer' || (n * 7 % 60) || '@example.org',
  ['Cannot log in', 'Invoice is wrong', 'Parcel is late', 'Please close my account'][1 + n % 4],
  ['open', 'waiting', 'closed'][1 + n % 3], CASE WHEN n % 3 = 2 THEN 'solved' END,
  DATE '2026-01-01' + CAST(n % 300 AS INTEGER), n * 0.25
FROM range(1, 601) AS numbers(n);
"""


def make(folder: Path) -> Path:
    """Make the database of the project in ``folder`` anew; return its file."""
    file = folder / ".metricgate" / "helpdesk.duckdb"
    with build_file(file) as (builder, _scratch):
        builder.execute(TICKETS)
    return file


if __name__ == "__main__":
    print(make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent))
