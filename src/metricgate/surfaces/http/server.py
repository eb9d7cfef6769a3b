"""The web server under the doors: its socket, its log lines, and how it stops."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from metricgate.surfaces.http.connection_limits import ConnectionLimits
from metricgate.surfaces.http.connections import bound_protocol

_BACKLOG = 512


class Server(uvicorn.Server):
    """Stops on SIGINT and SIGTERM and returns, so that what was opened is closed; uvicorn would raise them again."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        """Take what uvicorn takes, and what is told as soon as somebody asks to stop."""
        super().__init__(config)
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask to stop at the first signal; at the second, do not wait for what still runs."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for each in signals:
            loop.add_signal_handler(each, self._asked_to_stop)
        try:
            yield
        finally:
            for each in signals:
                loop.remove_signal_handler(each)

    def _asked_to_stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping()


def server_of(
    app: ASGIApp, limits: ConnectionLimits, *, json_logs: bool, stopping: Callable[[], None]
) -> uvicorn.Server:
    """Return the server of an application; its log level is ``METRICGATE_LOG_LEVEL``, else ``warning``.

    Args:
        app: what answers.
        limits: what clients may take.
        json_logs: whether its own log lines are JSON.
        stopping: told as soon as somebody asks to stop.
    """
    return Server(
        uvicorn.Config(
            app,
            loop="auto",
            http=bound_protocol(limits),
            timeout_keep_alive=math.ceil(limits.idle_seconds),
            access_log=False,
            log_config=_log_config() if json_logs else LOGGING_CONFIG,
            log_level=os.environ.get("METRICGATE_LOG_LEVEL", "warning"),
            server_header=False,
            timeout_graceful_shutdown=10,
            backlog=_BACKLOG,
        ),
        stopping,
    )


class JsonLine(logging.Formatter):
    """The web server's own log lines in the form of ours."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON."""
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info is not None:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _log_config() -> dict[str, object]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLine}},
        "handlers": {"line": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
        "loggers": {"uvicorn": {"handlers": ["line"], "level": "INFO", "propagate": False}},
    }


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; port 0 takes a free one.

    Raises:
        OSError: it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol must be named: event loops set TCP_NODELAY only on sockets that say they are TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def reachable(host: str) -> str:
    """An address at which this machine reaches what is bound to ``host``."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
