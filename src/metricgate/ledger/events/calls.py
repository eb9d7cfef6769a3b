"""Events of calls: an intent that is durable before anything runs, and an outcome after it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event, Group, OpenAttributes, RecordAttribute
from metricgate.ledger.events.shared import (
    ActorFacts,
    AgentId,
    BodyJson,
    BodyText,
    CatalogVersion,
    Codes,
    Considered,
    ErrorType,
    Links,
    Outcome,
    PolicyDigest,
    ProblemFacts,
    Problems,
    RiskFacts,
)
from metricgate.vocabulary.json import Json

_NAME = re.compile(r"[A-Za-z0-9_.:/+-]{1,100}", re.ASCII)

Tool = Annotated[
    BodyText,
    RecordAttribute(name=names.TOOL, meaning="the tool that was called; a body where it is not named like a name"),
]
Door = Annotated[str, RecordAttribute(name=names.DOOR, meaning="where it came in: `http`, `mcp`, `cli` or `python`")]
TraceId = Annotated[
    str, RecordAttribute(name=names.TRACE_ID, meaning="trace of the call (W3C), 32 hex digits; empty without")
]
SpanId = Annotated[str, RecordAttribute(name=names.SPAN_ID, meaning="span of the call, 16 hex digits; empty without")]
UserId = Annotated[BodyText, RecordAttribute(name=names.USER_ID, meaning="on whose behalf, if anybody's", body=True)]
Check = Annotated[
    str,
    RecordAttribute(
        name=names.CHECK, meaning="the key, history, reference or spine that a statement of ours looked at"
    ),
]
Warehouse = Annotated[
    str, RecordAttribute(name=names.WAREHOUSE, meaning="where the statement ran or, of agents' own SQL, was meant to")
]
StatementDigest = Annotated[
    str,
    RecordAttribute(name=names.STATEMENT_DIGEST, meaning="digest of the text that ran, or of the change's statement"),
]
StatementText = Annotated[BodyText, RecordAttribute(name=names.STATEMENT_TEXT, meaning="the exact text", body=True)]
Parameters = Annotated[
    BodyJson,
    RecordAttribute(
        name=names.STATEMENT_PARAMETERS,
        meaning="the values bound in it; of secrets only their place. Of several checks the texts and values of each",
        body=True,
    ),
]
ResultDigest = Annotated[str, RecordAttribute(name=names.RESULT_DIGEST, meaning="digest of the answer's bytes")]
Checks = Annotated[
    Sequence[Mapping[str, Json]],
    RecordAttribute(
        name=names.CHECKS,
        meaning="of `validate --data`: in the intent the statements with their verdicts, in the outcome the results",
    ),
]
Verdicts = Annotated[
    Mapping[str, Json],
    RecordAttribute(
        name=names.VERDICTS,
        meaning="what stood beside the answer: `data` (what the data beneath is worth) and `confidence`; absent where "
        "nothing did",
        since="answers had verdicts",
    ),
]
ErrorText = Annotated[
    BodyText, RecordAttribute(name=names.ERROR_TEXT, meaning="the engine's or the gateway's own words", body=True)
]


def is_name(value: object) -> bool:
    """Whether a caller's word is named like a name, at most 100 letters, so that it may stand in a leaf."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricVersion:
    """A metric, and the version of its meaning."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallerFacts(Group):
    """Who asks, and how that is known."""

    operation: Annotated[str, RecordAttribute(name=names.OPERATION, meaning="`execute_tool`")] = "execute_tool"
    agent: AgentId
    agent_proof: Annotated[str, RecordAttribute(name=names.AGENT_PROOF, meaning="`verified` or `asserted`")]
    agent_method: Annotated[
        str, RecordAttribute(name=names.AGENT_METHOD, meaning="how the agent was recognised, e.g. `api_key`")
    ]
    credential: Annotated[
        str | None,
        RecordAttribute(name=names.CREDENTIAL, meaning="name of the key or token; null without one", null=True),
    ]
    actor: ActorFacts
    user_proof: Annotated[
        str | None, RecordAttribute(name=names.USER_PROOF, meaning="as of the agent, where there is a user")
    ] = None
    user_method: Annotated[str | None, RecordAttribute(name=names.USER_METHOD, meaning="as of the agent")] = None
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RequestFacts(Group):
    """What the caller says, in its own words: what is no name of at most 100 letters is a body."""

    door: Door
    trace_id: TraceId
    span_id: SpanId
    tool: Tool
    purpose: Annotated[
        BodyText | None, RecordAttribute(name=names.PURPOSE, meaning="what the caller says it asks for, if it does")
    ] = None
    client: Annotated[
        Mapping[str, Json],
        OpenAttributes(
            meaning="what the door knows of the client: `user_agent.original`, `mcp.client.name`, "
            "`mcp.client.version`, `mcp.protocol.version`, and `gov.clarified` (which metric a person chose)",
            ours=(names.CLARIFIED,),
        ),
    ] = field(default_factory=dict)

    def apart(self) -> Collection[str]:
        """Return what is not named like a name."""
        said: dict[str, object] = {names.TOOL: self.tool, names.PURPOSE: self.purpose, **self.client}
        return [name for name, value in said.items() if not is_name(value)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ArgumentsFacts(Group):
    """What the caller gave; JSON ``null`` too."""

    arguments: Annotated[
        BodyJson, RecordAttribute(name=names.ARGUMENTS, meaning="the arguments as they came", body=True, null=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class WholeCall(Group):
    """A call with all that is known of it: in its intent, and in its outcome where it had none."""

    caller: CallerFacts
    request: RequestFacts
    arguments: ArgumentsFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallTrail(Group):
    """The few facts by which an outcome is found without its intent."""

    agent: AgentId
    actor: ActorFacts
    tool: Tool
    door: Door
    trace_id: TraceId
    span_id: SpanId
    user: UserId | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallSubject(Group):
    """What a call is about, as far as it got; also of a proposed change, what was found out about it."""

    metrics: (
        Annotated[
            Sequence[MetricVersion], RecordAttribute(name=names.METRICS, meaning="the metrics, each `{name, version}`")
        ]
        | None
    ) = None
    datasets: (
        Annotated[Sequence[str], RecordAttribute(name=names.DATASETS, meaning="the datasets that are read")] | None
    ) = None
    resources: (
        Annotated[
            Sequence[str],
            RecordAttribute(
                name=names.RESOURCES, meaning="everything that policy judged, e.g. `dimension:sales.region`"
            ),
        ]
        | None
    ) = None
    check: Check | None = None
    original_digest: (
        Annotated[str, RecordAttribute(name=names.ORIGINAL_DIGEST, meaning="digest of an agent's own SQL as it came")]
        | None
    ) = None
    warehouse: Warehouse | None = None
    columns: (
        Annotated[
            Sequence[str],
            RecordAttribute(name=names.COLUMNS, meaning="the columns that own SQL reads, e.g. `orders.amount`"),
        ]
        | None
    ) = None
    functions: (
        Annotated[Sequence[str], RecordAttribute(name=names.FUNCTIONS, meaning="the functions that own SQL calls")]
        | None
    ) = None
    listed: (
        Annotated[int, RecordAttribute(name=names.EFFECT_LISTED, meaning="how many hits a search gave", unit="hits")]
        | None
    ) = None
    receipt: (
        Annotated[int, RecordAttribute(name=names.RECEIPT_INDEX, meaning="the entry of which a receipt was asked for")]
        | None
    ) = None
    targets: (
        Annotated[
            Sequence[str],
            RecordAttribute(name=names.TARGETS, meaning="resources that change, e.g. `column:customers.segment`"),
        ]
        | None
    ) = None
    statement_digest: StatementDigest | None = None
    considered: Considered | None = None
    risk: RiskFacts | None = None
    action_id: Annotated[str, RecordAttribute(name=names.ACTION_ID, meaning="the change's id, `act_...`")] | None = None
    action_state: (
        Annotated[str, RecordAttribute(name=names.ACTION_STATE, meaning="how the change stands, e.g. `held`")] | None
    ) = None
    error_code: (
        Annotated[str, RecordAttribute(name=names.ERROR_CODE, meaning="the engine's own code of why a change failed")]
        | None
    ) = None


NO_SUBJECT: Final = CallSubject()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DecisionFacts(Group):
    """Why: the verdict, its rules, its obligations and the policy that it came from."""

    verdict: Annotated[str, RecordAttribute(name=names.VERDICT, meaning="`allow`, `hold` or `deny`")]
    action: Annotated[str, RecordAttribute(name=names.VERDICT_ACTION, meaning="what was decided on, e.g. `query`")]
    rules: Annotated[Sequence[str], RecordAttribute(name=names.RULES, meaning="ids of the rules that decided")]
    obligations: Annotated[
        Mapping[str, Json],
        RecordAttribute(
            name=names.OBLIGATIONS,
            meaning="row filters, masks, minimum groups and limits, each with its rule; without values of row filters",
        ),
    ]
    policy_digest: PolicyDigest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class StatementFacts(Group):
    """What runs and where."""

    warehouse: Warehouse
    system: Annotated[str, RecordAttribute(name=names.SYSTEM, meaning="the engine, e.g. `duckdb`, `postgresql`")]
    query_text: Annotated[
        str,
        RecordAttribute(
            name=names.QUERY_TEXT,
            meaning='the words of the statement with `?` for every literal, without comments, and `"?"` for a quoted '
            "name that is no plain name",
        ),
    ]
    digest: StatementDigest
    text: (
        Annotated[
            BodyText,
            RecordAttribute(
                name=names.STATEMENT_TEXT,
                meaning="the exact text",
                body=True,
                since="`metricgate.record/2`, where `db.query.text` has it",
            ),
        ]
        | None
    ) = None
    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ChecksFacts(Group):
    """Several statements of ours, each recorded before the first runs."""

    checks: Checks
    parameters: Parameters


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RehearsalFacts(Group):
    """A change that is tried out, and rolled back."""

    text: StatementText


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ReadFacts(Group):
    """The effect of a read."""

    rows: Annotated[int, RecordAttribute(name=names.EFFECT_ROWS, meaning="how many rows came back", unit="rows")]
    bytes: Annotated[int, RecordAttribute(name=names.EFFECT_BYTES, meaning="how large they are", unit="bytes")]
    truncated: Annotated[
        str | None,
        RecordAttribute(
            name=names.EFFECT_TRUNCATED,
            meaning="which limit cut them, `rows` or `bytes`; null where none did",
            null=True,
        ),
    ]
    seconds: Annotated[float, RecordAttribute(name=names.EFFECT_SECONDS, meaning="how long it took", unit="seconds")]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallReleased(Event):
    """Intent: decided, about to run. Durable before the effect."""

    NAME: ClassVar[str] = names.CALL_RELEASED
    call: WholeCall
    about: CallSubject
    decision: DecisionFacts
    catalog_version: CatalogVersion
    statement: StatementFacts | ChecksFacts | RehearsalFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallCompleted(Event):
    """Outcome: answered. Links to its intent if there was one."""

    NAME: ClassVar[str] = names.CALL_COMPLETED
    call: WholeCall | CallTrail
    outcome: Outcome = "answered"
    about: CallSubject
    decision: DecisionFacts | None = None
    result_digest: ResultDigest | None = None
    effect: ReadFacts | None = None
    verdicts: Verdicts | None = None
    checks: Checks | None = None
    links: Links | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallRefused(Event):
    """Outcome: nothing ran, or what was tried out was refused."""

    NAME: ClassVar[str] = names.CALL_REFUSED
    call: WholeCall
    outcome: Outcome = "refused"
    about: CallSubject
    problems: ProblemFacts
    decision: DecisionFacts | None = None
    links: Links | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallFailed(Event):
    """Outcome: it gave no answer: a time-out, an engine's error, a fault of the gateway, a caller who is gone."""

    NAME: ClassVar[str] = names.CALL_FAILED
    call: WholeCall | CallTrail
    outcome: Outcome
    error_type: ErrorType | None = None
    about: CallSubject
    codes: Codes | None = None
    problems: Problems | None = None
    error_text: ErrorText | None = None
    checks: Checks | None = None
    links: Links | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CallHeld(Event):
    """Outcome: a proposed change waits for people."""

    NAME: ClassVar[str] = names.CALL_HELD
    call: CallTrail
    outcome: Outcome = "held"
    about: CallSubject
    verdicts: Verdicts | None = None
    links: Links | None = None
