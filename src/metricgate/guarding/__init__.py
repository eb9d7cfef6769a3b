"""An agent's own SQL -> a reading -> bound to what its caller may see -> rewritten under obligations.

Promises: what leaves it are the agent's own words, spelled so that an engine reads what was checked, with relations in
the place of governed tables; they call reviewed functions, and nothing else. Names it reports are those that the engine
will be asked for. Decides nothing: whether a dataset, column or function may be used is policy's matter. Trees of
sqlglot stay inside.
"""

from metricgate.guarding.agreeing import agrees
from metricgate.guarding.book import FunctionBook
from metricgate.guarding.caps import CAPS, Caps
from metricgate.guarding.guard import bind, read, rewrite
from metricgate.guarding.layers import ALL, Layer
from metricgate.guarding.parameters import Given
from metricgate.guarding.reading import Bound, Guarded, Reading

__all__ = [
    "ALL",
    "CAPS",
    "Bound",
    "Caps",
    "FunctionBook",
    "Given",
    "Guarded",
    "Layer",
    "Reading",
    "agrees",
    "bind",
    "read",
    "rewrite",
]
