"""An agent's own SQL -> a reading -> bound to what its caller may see -> rewritten under obligations.

Promises: what leaves it are the agent's own words, spelled so that an engine reads what was checked, with relations in
the place of governed tables; they call reviewed functions, and nothing else. Names it reports are those that the engine
will be asked for. Decides nothing: whether a dataset, column or function may be used is policy's matter. Trees of
sqlglot stay inside.
"""

from metricgate.guarding.engine_agreement import check_agreement
from metricgate.guarding.function_allowlist import FunctionAllowlist
from metricgate.guarding.guard import bind, read, rewrite
from metricgate.guarding.layers import ALL, Layer
from metricgate.guarding.parameters import Given
from metricgate.guarding.query_stages import BoundQuery, GuardedQuery, ReadQuery
from metricgate.guarding.text_limits import CAPS, TextLimits

__all__ = [
    "ALL",
    "CAPS",
    "BoundQuery",
    "FunctionAllowlist",
    "Given",
    "GuardedQuery",
    "Layer",
    "ReadQuery",
    "TextLimits",
    "bind",
    "check_agreement",
    "read",
    "rewrite",
]
