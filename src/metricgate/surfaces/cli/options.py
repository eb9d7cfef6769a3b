"""Options that several commands take alike: written once as a dataclass, taken apart for the program.

Typer reads a command's options from its signature. ``taking`` lets a command have one parameter for a whole set of
them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import get_type_hints

Command = Callable[..., None]


def takes_options(options: type) -> Callable[[Command], Command]:
    """Return a decorator: each field of the dataclass ``options`` is an option, and ``options`` gets them together.

    The command's parameter for them is named ``asked``; the options stand in its place, in the order of the fields.

    Args:
        options: a dataclass whose fields are annotated for Typer and have defaults.
    """
    hints = get_type_hints(options, include_extras=True)
    spread = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(options)
    ]

    def decorate(command: Command) -> Command:
        signature = inspect.signature(command, eval_str=True)
        at = list(signature.parameters).index("asked")
        own = list(signature.parameters.values())
        parameters = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own[:at], *spread, *own[at + 1 :])
        ]

        def run(**given: object) -> None:
            asked = options(**{each.name: given.pop(each.name) for each in spread})
            command(**given, asked=asked)

        run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        run.__dict__["__signature__"] = signature.replace(parameters=parameters)
        return run

    return decorate
