"""Plugins of the warehouses whose drivers are optional: settings load without the driver, opening asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from pydantic import BaseModel

from metricgate.adapters.warehouses.servers.session import UNAVAILABLE
from metricgate.gateway.ports import Warehouse, WarehouseError

if TYPE_CHECKING:  # commands that open no warehouse load no dialect
    from metricgate.dialects.dialect import Dialect


class _Opener(Protocol):
    def from_section(self, section: BaseModel, folder: Path) -> Warehouse: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlugin:
    """A warehouse plugin whose driver is loaded when it is opened.

    Attributes:
        section: the settings' model.
        dialect: how the warehouse is spoken to: the name of a dialect of ours, or one of the plugin's own.
        module: where the warehouse is; imports the driver.
        warehouse: its class there.
        driver: the driver's package; None where no package is needed, as for a server over HTTP.
        extra: the extra of this package that installs the driver; None where it has none.
    """

    section: type[BaseModel]
    dialect: str | Dialect
    module: str
    warehouse: str
    driver: str | None = None
    extra: str | None = None

    def from_section(self, section: BaseModel, folder: Path) -> Warehouse:
        """Open the warehouse.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``: the driver is not installed, or the server cannot be used.
        """
        if self.driver is not None and find_spec(self.driver) is None:
            package = self.driver if self.extra is None else f"'metricgate[{self.extra}]'"
            raise WarehouseError(UNAVAILABLE, f"the driver {self.driver!r} is not installed: pip install {package}")
        opener = cast("_Opener", getattr(import_module(self.module), self.warehouse))
        return opener.from_section(section, folder)
