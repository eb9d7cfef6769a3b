"""The MCP door adds no codes of its own: it passes on those of the gateway, of identity and of HTTP."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code

CODES: tuple[Code, ...] = ()
