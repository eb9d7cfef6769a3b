"""What is drawn, as data: templates by kind of value and engine, each under the name of its construct."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.differential.forms import (
    aggregates,
    casts,
    documents,
    functions,
    literals,
    numbers,
    texts,
    times,
    truths,
    windows,
)
from conformance.differential.forms.form import ENGINES, Form

EXPRESSIONS: tuple[Form, ...] = (
    *literals.FORMS,
    *numbers.FORMS,
    *texts.FORMS,
    *times.FORMS,
    *truths.FORMS,
    *documents.FORMS,
    *casts.FORMS,
    *functions.FORMS,
)
AGGREGATES: tuple[Form, ...] = aggregates.FORMS
WINDOWS: tuple[Form, ...] = windows.FORMS


def by_kind(forms: tuple[Form, ...], engine: str) -> Mapping[str, tuple[Form, ...]]:
    """Return the kind of value -> the forms that the engine has for it."""
    found: dict[str, list[Form]] = {}
    for form in forms:
        if engine in form.engines:
            found.setdefault(form.kind, []).append(form)
    return {kind: tuple(each) for kind, each in found.items()}


__all__ = ["AGGREGATES", "ENGINES", "EXPRESSIONS", "WINDOWS", "Form", "by_kind"]
