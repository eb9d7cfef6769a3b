"""The pages on policy say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.policy.tools import judge_of

from metricgate.policy.codes import CODES
from metricgate.policy.documents import TESTS
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load
from metricgate.policy.policy_tests import run_tests
from metricgate.policy.rule_kinds import BUILT_IN

_DOCS = Path(__file__).parents[2] / "docs"
_PAGE = (_DOCS / "writing-policy.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_SNIPPETS = _EXAMPLE.findall(_PAGE)


def test_every_code_is_documented_and_no_other():
    """Each code has a section with its status, cause and cure, word for word."""
    page = (_DOCS / "errors" / "policy.md").read_text()
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert [section.split("\n")[0] for section in sections] == [code.name for code in CODES]
    for code, section in zip(CODES, sections, strict=True):
        flat = " ".join(section.split())
        assert code.group == "policy"
        assert f"HTTP status: {code.status} " in flat
        assert f"Cause: {code.cause}" in flat
        assert f"Cure: {code.cure}" in flat


def test_refusals_are_403():
    """A refusal by policy is Forbidden; a mistake in a document is Unprocessable."""
    refusals = {"E_DENIED", "E_NOT_GRANTED", "E_ATTRIBUTE_MISSING"}
    assert {code.name for code in CODES if code.status == 403} == refusals
    assert {code.status for code in CODES} == {403, 422}


@pytest.mark.parametrize("snippet", _SNIPPETS, ids=range(len(_SNIPPETS)))
def test_the_examples_load_and_their_tests_pass(snippet):
    """What the page shows can be copied."""
    policy = load([("example.yaml", snippet)])
    assert isinstance(policy, Policy), str(policy)
    assert all(result.passed for result in run_tests(policy, judge_of(policy)))


@pytest.mark.parametrize("key", ["roles", *(kind.key for kind in BUILT_IN.kinds), "domains", TESTS])
def test_the_page_has_a_section_with_an_example_of_every_list(key):
    """Its heading is the list's key in words, and its example has such a list."""
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", _PAGE, re.DOTALL | re.MULTILINE))
    examples = _EXAMPLE.findall(sections[key.replace("_", " ").capitalize()])
    assert any(re.search(rf"^{key}:", each, re.MULTILINE) for each in examples)


def test_no_example_of_the_page_is_left_out():
    """None got lost to the pattern that finds them."""
    assert _PAGE.count("```yaml") == len(_SNIPPETS)
