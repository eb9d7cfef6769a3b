"""Groups of commands whose modules are imported when a command is looked up: what is not asked for costs no start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup
from typer.main import get_command

from metricgate.vocabulary.collector import pause_collector_for_imports

if TYPE_CHECKING:
    from typer._click import Command, Context

Places = Mapping[str, str]
"""Commands by name: ``module:function``, the module beside this one."""


def lazy_group(places: Places, base: type[TyperGroup] = TyperGroup) -> type[TyperGroup]:
    """Return a class of groups, for ``typer.Typer(cls=...)``, that has the commands at these places before its own."""

    class LazyGroup(base):  # type: ignore[misc,valid-type]  # typer takes classes only
        def __init__(self, *, commands: Mapping[str, Command] | None = None, **settings: object) -> None:
            super().__init__(**settings)
            self.commands = _Commands(places, commands or {})

    return LazyGroup


class ShowsByDefault(TyperGroup):
    """A group in which a number where a command's name is expected is shown."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the command in front of what is no command, no option of the group's own and not nothing."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["show", *args]
        return super().parse_args(ctx, args)


class _Commands(MutableMapping[str, "Command"]):
    """Commands by name; one that is a place only is imported and made when it is first read."""

    def __init__(self, places: Places, made: Mapping[str, Command]) -> None:
        self._found: dict[str, str | Command] = {**places, **made}

    def __getitem__(self, name: str) -> Command:
        found = self._found[name]
        if isinstance(found, str):
            found = self._found[name] = _command(name, found)
        return found

    def __setitem__(self, name: str, command: Command) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found


def _command(name: str, place: str) -> Command:
    module, _, function = place.partition(":")
    with pause_collector_for_imports():
        called: Callable[..., None] = getattr(import_module(f"metricgate.surfaces.cli.{module}"), function)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(called)
    return get_command(alone)
