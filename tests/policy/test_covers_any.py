"""Whether a pattern covers anything of a catalog is looked up in order; ``patterns.covers`` says what covering is."""

from hypothesis import given
from hypothesis import strategies as st

from metricgate.policy.catalog_check import _covers_any
from metricgate.policy.patterns import LABEL, covers

_NAMES = st.lists(st.sampled_from(("a", "ab", "b", "é", "zz")), min_size=1, max_size=3).map(".".join)
_TAILS = st.sampled_from(("", ".*", "*"))


@given(
    kind=st.sampled_from(("metric", "dimension", LABEL)), names=st.sets(_NAMES, max_size=12), name=_NAMES, tail=_TAILS
)
def test_looking_up_and_looking_at_each_agree(kind, names, name, tail):
    pattern = f"{kind}:{name}{tail}"
    known = {f"{kind}:{each}" for each in names}
    each_looked_at = any(covers(pattern, one, (one.removeprefix(f"{LABEL}:"),)) for one in known)
    assert _covers_any(pattern, known, sorted(known)) is each_looked_at
