"""What is written as YAML is read back as the same values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricgate.documents.characters import forbidden_at, forbidden_in_name
from metricgate.documents.yaml_composer import DocumentLimits, compose
from metricgate.documents.yaml_writer import to_yaml
from metricgate.vocabulary.json import Json

_TEXT = st.text(max_size=20).filter(lambda text: forbidden_at(text) is None)
_KEY = st.text(min_size=1, max_size=10).filter(lambda text: forbidden_in_name(text) is None and text != "<<")
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEY, inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> Json:
    found = compose("a.yaml", text, DocumentLimits())
    assert isinstance(found, tuple), str(found)
    return found[0].value


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_KEY, _VALUES, min_size=1, max_size=4))
def test_values_survive(value: Json) -> None:
    """Any mapping that a document may hold comes back equal, and of the same types."""
    assert repr(read(to_yaml(value))) == repr(value)


@pytest.mark.parametrize(
    "text", ["1", "1e3", "007", "true", "no", "null", "~", "", "- a", "a: b", "#", "{{ x }}", "1_0"]
)
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    """What a reader would take for a number, a boolean or a mapping is quoted."""
    assert read(to_yaml({"a": text})) == {"a": text}


def test_keys_keep_their_order_and_lists_are_indented() -> None:
    """Files are written for people."""
    assert to_yaml({"b": [{"x": 1, "a": "2"}], "a": None}) == "b:\n  - x: 1\n    a: '2'\na: null\n"
