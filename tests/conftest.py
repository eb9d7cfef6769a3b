"""How generated examples are chosen: the same ones everywhere by default, new ones on demand.

A run that fails for one and passes for another says little; so `make test` draws the same examples on every machine.
`make fuzz` draws new ones each time, and more of them.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]

settings.register_profile("everyday", derandomize=True, deadline=None, database=None, suppress_health_check=_SLOW)
settings.register_profile("fuzz", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("METRICGATE_EXAMPLES", "everyday"))
