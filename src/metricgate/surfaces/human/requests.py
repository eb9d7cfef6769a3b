"""JSON bodies that people's programs send: strict, with every mistake named."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request

from metricgate.surfaces.http.body import ClientGone, read_json
from metricgate.surfaces.human import codes
from metricgate.surfaces.human.session_auth import refusal_of
from metricgate.vocabulary.problem import Place, Problem, Problems

MOST_BYTES = 65_536
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Decide(_Body):
    """A decision, on what was shown, for what it is bound to."""

    approves: bool
    reason: Reason
    shown_digest: Annotated[str, Field(max_length=100)]
    bound_to: Annotated[str, Field(max_length=100)]
    break_glass: bool = False


class Undo(_Body):
    """Take an action back; ``partial``: leave out rows that were changed since."""

    reason: Reason
    partial: bool = False


class Because(_Body):
    """A reason and nothing else."""

    reason: Reason


class Throw(_Body):
    """A switch to throw."""

    kind: Literal["stop", "freeze"]
    target: Annotated[str, Field(min_length=1, max_length=320)]
    because: Reason


class TakeBack(_Body):
    """Switches to take back."""

    target: Annotated[str, Field(min_length=1, max_length=320)]
    because: Reason


class Credentials(_Body):
    """A login. ``device`` is what an earlier login returned."""

    name: Annotated[str, Field(max_length=320)]
    password: Annotated[str, Field(max_length=1_000)]
    code: Annotated[str, Field(max_length=20)]
    new_password: Annotated[str, Field(max_length=1_000)] | None = None
    device: Annotated[str, Field(max_length=200)] | None = None
    channel: Literal["api", "cli"] = "api"


AnyBody = TypeVar("AnyBody", bound=BaseModel)


async def body_of(request: Request, form: type[AnyBody]) -> AnyBody | Problems:
    """Return the request's body, or what is wrong with it."""
    try:
        parsed = await read_json(request.scope["headers"], request.receive, most=MOST_BYTES)
    except ClientGone:
        return refusal_of(codes.BAD_PARAMETER, "The body is not complete.")
    if isinstance(parsed, Problems):
        return parsed
    try:
        return form.model_validate(parsed.value)
    except ValidationError as error:
        found = [
            Problem(
                code=codes.BAD_PARAMETER,
                message=f"{'.'.join(str(part) for part in each['loc'])[:80]}: {each['msg']}.",
                where=Place(path=".".join(str(part) for part in each["loc"])[:80]),
                hint=f"The keys are: {', '.join(form.model_fields)}.",
            )
            for each in error.errors(include_url=False, include_input=False)
        ]
        return Problems(tuple(found))
