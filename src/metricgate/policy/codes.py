"""Codes of the policy room: mistakes in policy documents, and the refusals that policy gives."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _policy_code(name: str, cause: str, cure: str, status: int = 422) -> Code:
    return Code(name=name, group="policy", status=status, cause=cause, cure=cure)


DENIED = _policy_code(
    "E_DENIED",
    "A rule of the policy forbids this to the agent or to the user on whose behalf it acts.",
    "Ask for something else, or talk to the steward of the rule that the message names.",
    403,
)
NOT_GRANTED = _policy_code(
    "E_NOT_GRANTED",
    "No rule of the policy allows this to the agent, or to the user on whose behalf it acts. What is not granted is "
    "denied, and both need the grant.",
    "Ask for something that both may see, or ask a steward for a grant.",
    403,
)
ATTRIBUTE_MISSING = _policy_code(
    "E_ATTRIBUTE_MISSING",
    "A row filter needs an attribute of the caller that is not known, is empty, has the wrong form, or is given two "
    "ways. Without it there is no telling which rows may be seen, so none are.",
    "A steward gives the attribute in `principals`, or the identity provider puts it into the token.",
    403,
)
UNKNOWN_ROLE = _policy_code(
    "E_POLICY_UNKNOWN_ROLE",
    "A rule, a role or a test names a role that no document declares.",
    "Correct the spelling, or declare the role under `roles`.",
)
UNKNOWN_RULE = _policy_code(
    "E_POLICY_UNKNOWN_RULE",
    "A test expects a rule that no document declares.",
    "Correct the spelling, or drop it from the test.",
)
DUPLICATE = _policy_code(
    "E_POLICY_DUPLICATE",
    "Two rules, roles, principals or tests have the same name. Rules of all kinds and files share one set of names, so "
    "that a reason names exactly one of them.",
    "Rename one of the two.",
)
RESERVED_NAME = _policy_code(
    "E_POLICY_RESERVED_NAME",
    "A role or a rule has a name that is built in: `everyone`, `default-deny`.",
    "Choose another name.",
)
BAD_NAME = _policy_code(
    "E_POLICY_BAD_NAME",
    "A name of a rule, a role, an attribute or a domain has a form that is not allowed.",
    "Use letters, digits, `_`, `-` and `.`, beginning with a letter or digit; at most 100 of them.",
)
BAD_PARTY = _policy_code(
    "E_POLICY_BAD_PARTY",
    "A party is not written `agent:ID`, `user:ID` or `group:ID`, or its id holds a wildcard, white space or an "
    "invisible character.",
    "Name one party exactly, as the identity provider or the key names it. For all parties use the role `everyone`.",
)
BAD_PATTERN = _policy_code(
    "E_POLICY_BAD_PATTERN",
    "A resource is not written `kind:name`, `kind:prefix.*`, `kind:*` or `*`, with a kind that exists.",
    "Write e.g. `metric:sales.revenue`, `metric:sales.*`, `dimension:*`.",
)
ACTION_NOT_APPLICABLE = _policy_code(
    "E_POLICY_ACTION_NOT_APPLICABLE",
    "A grant names a resource on which none of its actions is ever asked, so that it would never take effect.",
    "Add the action that belongs to the kind of resource: `call` for tools, `read_record` for records.",
)
INHERITANCE_CYCLE = _policy_code(
    "E_POLICY_INHERITANCE_CYCLE",
    "Roles inherit from each other in a circle.",
    "Break the circle at one of the roles named.",
)
EMPTY_RULE = _policy_code(
    "E_POLICY_EMPTY_RULE",
    "A rule names no roles, no actions, no resources, or a limit limits nothing: it would never take effect.",
    "Fill the list, or remove the rule.",
)
BAD_ATTRIBUTE = _policy_code(
    "E_POLICY_BAD_ATTRIBUTE",
    "A value in the condition of a row filter is a mapping, but not `{attribute: NAME}`.",
    "Write `value: {attribute: region}`; name one attribute.",
)
BAD_MASK = _policy_code(
    "E_POLICY_BAD_MASK",
    "A mask lacks the parameter that its method needs, or has one that its method does not take.",
    "`constant` takes `value`, `partial` takes `first` and `last`, `bucket` takes `width`, `date` takes `grain`; the "
    "others take none.",
)
BAD_OCCASION = _policy_code(
    "E_POLICY_BAD_OCCASION",
    "A condition (`when`, `unless`) or the moment of a test names a time that cannot be read, holds never or always, "
    "or names nothing.",
    'Write purposes, `days: [mon, fri]`, `hours: {from: "08:00", to: "18:00"}` with a `time_zone`, or moments with '
    "their offset.",
)
BAD_TEST = _policy_code(
    "E_POLICY_BAD_TEST",
    "A test states what is at stake where nothing changes, or what a hold demands where none is expected.",
    "Give `stakes` with an action that changes data; give `approvals` with `stakes` and `expect: hold`.",
)
UNKNOWN_RESOURCE = _policy_code(
    "E_POLICY_UNKNOWN_RESOURCE",
    "A rule names a metric, dimension, dataset, label or member that the catalog does not have, or a column that the "
    "warehouse does not have.",
    "Correct the spelling, or remove the rule together with what it protected.",
)

CODES = (
    DENIED,
    NOT_GRANTED,
    ATTRIBUTE_MISSING,
    UNKNOWN_ROLE,
    UNKNOWN_RULE,
    DUPLICATE,
    RESERVED_NAME,
    BAD_NAME,
    BAD_PARTY,
    BAD_PATTERN,
    ACTION_NOT_APPLICABLE,
    INHERITANCE_CYCLE,
    EMPTY_RULE,
    BAD_ATTRIBUTE,
    BAD_MASK,
    BAD_OCCASION,
    BAD_TEST,
    UNKNOWN_RESOURCE,
)
