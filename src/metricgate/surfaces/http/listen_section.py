"""The section of ``metricgate.yaml`` about the doors: where they listen, and what clients may take of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from metricgate.documents.forms import BaseUrl, Host, HostAndPort, Origin, Seconds
from metricgate.documents.section import Section
from metricgate.surfaces.http.connection_limits import ConnectionLimits

_DEFAULT = ConnectionLimits()


class ClientLimits(Section):
    """What clients may take of the doors, and how long they may take."""

    connections: Annotated[int, Field(ge=8, le=65_536)] = Field(
        _DEFAULT.connections, description="Connections open at once; past them, the one that waits longest goes."
    )
    head_bytes: Annotated[int, Field(ge=4_096, le=1_048_576)] = Field(
        _DEFAULT.head_bytes, description="Bytes of a request's line and headers."
    )
    head_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.head_seconds, description="Time for a client to send them."
    )
    body_bytes: Annotated[int, Field(ge=1_024, le=16_777_216)] = Field(
        _DEFAULT.body_bytes, description="Bytes of a request's body."
    )
    body_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.body_seconds, description="Time for a client to send it."
    )
    idle_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.idle_seconds, description="How long a connection is kept for the next request."
    )
    answer_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.answer_seconds, description="How long an answer waits for a client that does not read it."
    )

    def connection_limits(self) -> ConnectionLimits:
        """Return them for the door."""
        return ConnectionLimits(**self.model_dump())


class Listen(Section):
    """Where the HTTP and MCP doors listen."""

    host: Host = Field("127.0.0.1", description="Address to bind.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8321, description="Port to bind; 0 takes a free one.")
    public_url: BaseUrl | None = Field(
        None, description="The URL clients use; also the resource that tokens must be made for. Default: host and port."
    )
    allowed_hosts: list[HostAndPort] = Field(
        default_factory=list, description="Further Host headers to accept, as host, host:port or host:*."
    )
    allowed_origins: list[Origin] = Field(default_factory=list, description="Browser origins to accept.")
    limits: ClientLimits = ClientLimits()
