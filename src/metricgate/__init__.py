"""Metricgate: a governed semantic layer and guardrail gateway between AI agents and a company's data.

The package is a stack of rooms; each room's ``__init__`` says what it promises and what it leaves to others.
``docs/architecture.md`` draws the whole. For programs:

- ``metricgate.Client(url, key)`` and ``metricgate.AsyncClient`` call a running gateway;
- ``metricgate.Gateway.open(path)`` runs one inside the program.
"""

from importlib import import_module

__version__ = "0.1.0"

_PUBLIC = {
    "AsyncClient": "metricgate.surfaces.client",
    "Client": "metricgate.surfaces.client",
    "Gateway": "metricgate.bootstrap.embedded_gateway:EmbeddedGateway",
    "GatewayError": "metricgate.surfaces.client",
    "GatewayFault": "metricgate.surfaces.client",
    "HeldAction": "metricgate.surfaces.client",
    "Refused": "metricgate.surfaces.client",
}

__all__ = ["AsyncClient", "Client", "Gateway", "GatewayError", "GatewayFault", "HeldAction", "Refused"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the client does not load the engine."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'metricgate' has no attribute {name!r}")
    module, _, own_name = _PUBLIC[name].partition(":")
    return getattr(import_module(module), own_name or name)
