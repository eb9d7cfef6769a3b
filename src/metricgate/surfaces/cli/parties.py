"""``--as``: whose rights a command looks at, without a proof: an operator is shown what they would get."""

from __future__ import annotations

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.session import fail_usage


def parties_of(text: str, *, as_json: bool) -> tuple[str, str | None]:
    """Return agent and user of ``agent:NAME`` or ``agent:NAME,user:NAME``, or leave with what is wrong."""
    parties: dict[str, str] = {}
    for part in text.split(","):
        kind, colon, name = part.strip().partition(":")
        if not colon or not name or kind not in {"agent", "user"} or kind in parties:
            fail_usage(
                codes.BAD_OPTION,
                f"--as {text!r} does not name an agent and at most one user.",
                "Write --as agent:sales-copilot or --as agent:sales-copilot,user:ana@acme.example.",
                as_json=as_json,
            )
        parties[kind] = name
    if "agent" not in parties:
        fail_usage(codes.BAD_OPTION, "--as names no agent; a user always comes through one.", as_json=as_json)
    return parties["agent"], parties.get("user")
