"""``get_receipt``: proof that a call was recorded, checkable without trusting anyone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field

from metricgate.gateway import codes
from metricgate.gateway.answers import Answer, AnswerDraft
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.tools.tool import Tool, define
from metricgate.ledger.events.calls import CallSubject
from metricgate.state.record import EntryOwner
from metricgate.vocabulary.problem import Place, Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


class ReceiptArguments(BaseModel):
    """Which record."""

    model_config = ConfigDict(extra="forbid", strict=True)

    index: Annotated[int, Field(ge=0, le=2**53)] = Field(description="`record.index` of an earlier answer.")


@dataclass(frozen=True, kw_only=True)
class ReceiptAnswer(Answer):
    """A receipt (``ledger.receipt.Receipt``)."""

    index: int
    leaf: Annotated[str, Field(description="The entry's exact bytes, as text.")]
    leaf_hash: Annotated[str, Field(description="SHA-256(0x00 || leaf), hex.")]
    proof: Annotated[Sequence[str], Field(description="Audit path, base64.")]
    checkpoint: Annotated[str, Field(description="Signed note over size and root hash.")]
    public_key: Annotated[str, Field(description="The log's verifier key, to compare with yours.")]


async def _serve_get_receipt(context: CallContext, parsed: ParsedArguments[ReceiptArguments]) -> Ending:
    index = parsed.value.index
    owner = await context.ledger.owner(index)
    receipt = None if owner is None or not _may_read(context, owner) else await context.ledger.receipt(index)
    if receipt is None:
        # A number says nothing: somebody else's entry is answered as one that is not there.
        problem = Problem(
            code=codes.NO_SUCH_RECORD,
            message=f"There is no record {index} that you may read.",
            where=Place(path="index"),
            hint=codes.NO_SUCH_RECORD.cure,
        )
        return CallRefusal(Problems((problem,)))
    answer = ReceiptAnswer(**cast("dict[str, Any]", receipt.as_json()), notes=[])
    return AnswerDraft(answer=answer, facts=CallSubject(receipt=index))


def _may_read(context: CallContext, owner: EntryOwner) -> bool:
    """Whether it is about a call of this agent on behalf of this user (or of nobody), or a rule lets them read it."""
    principal = context.call.principal
    user = None if principal.user is None else principal.user.id
    if owner.known and (owner.agent, owner.user) == (principal.agent.id, user):
        return True
    return context.allows(Action.READ_RECORD, Resource(ResourceKind.RECORD, owner.agent or "gateway"))


GET_RECEIPT = Tool(
    definition=define(
        name="get_receipt",
        title="Get a receipt",
        description=(
            "Get the receipt of a recorded call: the ledger entry's exact bytes, an inclusion proof and a signed "
            "checkpoint. `metricgate receipt verify` and any RFC 9162 verifier can check it offline with the log's "
            "public key. You can read receipts of your own calls for the same user; others need a grant."
        ),
        arguments=ReceiptArguments,
        answer=ReceiptAnswer,
        polls=True,
    ),
    arguments=ReceiptArguments,
    handle=_serve_get_receipt,
)
