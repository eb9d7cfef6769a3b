"""Plugins of the warehouses whose drivers are optional: settings load without the driver, opening asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol, cast

from pydantic import BaseModel

from metricgate.adapters.warehouses.servers.session import UNAVAILABLE
from metricgate.gateway.ports import Warehouse, WarehouseError


class _Opener(Protocol):
    def from_section(self, section: BaseModel, folder: Path) -> Warehouse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlugin:
    """A warehouse plugin whose driver is loaded when it is opened.

    Attributes:
        section: the settings' model.
        dialect: how the warehouse is spoken to, as its class says.
        module: where the warehouse is; imports the driver.
        warehouse: its class there.
        driver: the driver's package.
        extra: the extra of this package that installs it.
    """

    section: type[BaseModel]
    dialect: str
    module: str
    warehouse: str
    driver: str
    extra: str

    def from_section(self, section: BaseModel, folder: Path) -> Warehouse:
        """Open the warehouse.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``: the driver is not installed, or the server cannot be used.
        """
        if find_spec(self.driver) is None:
            raise WarehouseError(
                UNAVAILABLE, f"the driver {self.driver!r} is not installed: pip install 'metricgate[{self.extra}]'"
            )
        opener = cast("_Opener", getattr(import_module(self.module), self.warehouse))
        return opener.from_section(section, folder)
