"""How a MariaDB session connects: a connection that is known before it is one, and limits of each wait."""

from __future__ import annotations

import ssl

import pymysql

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.servers.session import UNAVAILABLE
from metricgate.gateway.ports import WarehouseError


def connection_of(options: MariaDBOptions) -> pymysql.Connection:
    """Return a connection that is not connected yet.

    Raises:
        WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``: what is needed for TLS is not there.
    """
    try:
        return pymysql.Connection(
            host=options.host,
            port=options.port,
            user=options.user,
            password=options.password or "",
            database=options.database,
            charset="utf8mb4",
            autocommit=True,
            local_infile=False,
            ssl=_tls(options),
            program_name="metricgate",
            defer_connect=True,
        )
    except (pymysql.Error, OSError, RuntimeError) as error:
        raise WarehouseError(UNAVAILABLE, str(error)) from error


def connect(connection: pymysql.Connection, seconds: float) -> None:
    """Connect; each wait on the server, the handshake's too, may take this long.

    Raises:
        WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
    """
    connection.connect_timeout = seconds
    limit_waits(connection, seconds)
    try:
        connection.connect()
    except (pymysql.Error, OSError, RuntimeError) as error:
        raise WarehouseError(UNAVAILABLE, str(error)) from error


def limit_waits(connection: pymysql.Connection, seconds: float | None) -> None:
    """Set how long each wait on the server may take; None for no limit."""
    # The driver takes them at the next packet; it has no public way to change them once it is made.
    connection._read_timeout = connection._write_timeout = seconds  # noqa: SLF001


def _tls(options: MariaDBOptions) -> ssl.SSLContext | None:
    if options.tls == "disable":
        return None
    context = ssl.create_default_context(cafile=options.tls_ca)
    context.check_hostname = options.tls == "verify-full"
    return context
