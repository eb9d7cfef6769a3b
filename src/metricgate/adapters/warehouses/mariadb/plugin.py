"""Entry point of the MariaDB warehouse."""

from __future__ import annotations

from typing import Final

from metricgate.adapters.warehouses.mariadb.section import MariaDBSection
from metricgate.adapters.warehouses.servers.plugin import ServerPlugin

MARIADB: Final = ServerPlugin(
    section=MariaDBSection,
    dialect="mysql",
    module="metricgate.adapters.warehouses.mariadb.warehouse",
    warehouse="MariaDBWarehouse",
    driver="pymysql",
    extra="mariadb",
)
