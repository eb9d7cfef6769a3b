"""A connection to PostgreSQL, for reads and for changes: one statement at a time, text that means what we wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping

import psycopg

from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.reading.types import register
from metricgate.adapters.warehouses.servers.session import UNAVAILABLE
from metricgate.gateway.ports import WarehouseError

_ESSENTIAL = {"standard_conforming_strings": "on", "client_encoding": "UTF8"}


def connect(
    options: PostgresOptions,
    *,
    user: str,
    password: str | None,
    settings: Mapping[str, str],
    seconds: float,
    application: str,
) -> psycopg.Connection:
    """Connect. The driver's own limit, of whole seconds and at least two, cannot be cut short.

    Args:
        options: where the server is.
        user: the account; with its password.
        password: see ``user``.
        settings: of the session.
        seconds: to wait at most, within the options' own limit.
        application: what the server calls us.

    Raises:
        WarehouseError: the server is not there, does not let us in, or keeps an essential setting from us.
    """
    words = " ".join(f"-c {name}={_escape_option(value)}" for name, value in settings.items())
    try:
        opened = psycopg.connect(
            host=options.host,
            port=options.port,
            dbname=options.database,
            user=user,
            password=password,
            sslmode=options.tls,
            sslrootcert=options.tls_ca,
            connect_timeout=math.ceil(min(seconds, options.connect_seconds)),
            application_name=application,
            client_encoding="UTF8",
            options=words,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
        )
    except psycopg.Error as error:
        raise WarehouseError(UNAVAILABLE, str(error)) from error
    register(opened.adapters)
    for name, wanted in _ESSENTIAL.items():
        if opened.info.parameter_status(name) != wanted:
            # With another setting, text that we wrote would mean something else.
            opened.close()
            raise WarehouseError(UNAVAILABLE, f"the server keeps {name} from being {wanted}")
    return opened


def _escape_option(value: str) -> str:
    """Return a value fit for libpq's ``options``, where blanks part the words."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
