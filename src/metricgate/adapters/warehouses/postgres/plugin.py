"""Entry point of the PostgreSQL warehouse."""

from __future__ import annotations

from typing import Final

from metricgate.adapters.warehouses.postgres.section import PostgresSection
from metricgate.adapters.warehouses.servers.plugin import ServerPlugin

POSTGRES: Final = ServerPlugin(
    section=PostgresSection,
    dialect="postgres",
    module="metricgate.adapters.warehouses.postgres.warehouse",
    warehouse="PostgresWarehouse",
    driver="psycopg",
    extra="postgres",
)
