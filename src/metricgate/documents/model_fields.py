"""Which keys a pydantic document knows at a place, also through lists, unions and their discriminators."""

from __future__ import annotations

import typing
from collections.abc import Sequence

from pydantic import BaseModel

Step = str | int


def models_at(model: type[BaseModel], steps: Sequence[Step]) -> tuple[type[BaseModel], ...]:
    """Return the documents that may stand at ``steps`` (a pydantic error's location) below ``model``."""
    here: tuple[type[BaseModel], ...] = (model,)
    for step in steps:
        if isinstance(step, int):
            continue
        below = tuple(
            inner
            for candidate in here
            for name, information in candidate.model_fields.items()
            if step in {information.alias, name}
            for inner in _models_in(information.annotation)
        )
        here = below or _tagged(here, step)
    return tuple(dict.fromkeys(here))


def keys_of(models: Sequence[type[BaseModel]]) -> tuple[str, ...]:
    """Return the keys that these documents know, in the order of their declaration."""
    return tuple(
        dict.fromkeys(information.alias or name for model in models for name, information in model.model_fields.items())
    )


def _tagged(models: tuple[type[BaseModel], ...], tag: str) -> tuple[type[BaseModel], ...]:
    """The models that a union's tag (a discriminator's value, or the class's name) picks out; all, if none does."""
    picked = tuple(model for model in models if tag == model.__name__ or tag in _literals(model))
    return picked or models


def _literals(model: type[BaseModel]) -> set[str]:
    return {
        str(value)
        for information in model.model_fields.values()
        if typing.get_origin(information.annotation) is typing.Literal
        for value in typing.get_args(information.annotation)
    }


def _models_in(annotation: object) -> tuple[type[BaseModel], ...]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for part in typing.get_args(annotation) for model in _models_in(part))
