"""A real shop: what ``metricgate init`` writes, with two tables behind it, and the real program."""

import duckdb
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.bootstrap.project import open_project
from metricgate.surfaces.cli import build_app

TABLES = """
CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, ordered_on DATE, status VARCHAR, amount DECIMAL(12,2));
INSERT INTO orders VALUES (1, 1, '2026-01-05', 'shipped', 10.50), (2, 1, '2026-01-20', 'cancelled', 99.00),
                          (3, 2, '2026-02-03', 'open', 20.00), (4, 2, '2026-02-04', 'shipped', 5.25);
CREATE TABLE customers (customer_id INTEGER, country VARCHAR);
INSERT INTO customers VALUES (1, 'DE'), (2, 'FR');
"""


class Shop:
    """A project folder and the program run on it."""

    def __init__(self, folder):
        self.folder = folder
        self.app = build_app(open_project, verify_ledger)
        assert self("init", str(folder)).exit_code == 0
        with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
            connection.execute(TABLES)
        made = self("keys", "create", "example-agent", "--may-act-for", "ana@example.com", "--or-alone")
        assert made.exit_code == 0, made.output
        self.key = made.stdout.strip()

    def __call__(self, *arguments, key=""):
        """Run the program."""
        variables = {
            "METRICGATE_API_KEY": key,
            "METRICGATE_USER": None,
            "METRICGATE_URL": None,
            "METRICGATE_PROJECT": str(self.folder),
        }
        return CliRunner().invoke(self.app, list(arguments), env=variables)
