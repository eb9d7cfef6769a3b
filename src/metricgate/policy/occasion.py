"""When a rule is in force: for which purposes, on which days, at which hours, between which moments.

``when`` names what must hold, ``unless`` what must not. What cannot be told (no purpose was given, the time is not
known) never opens anything: a rule that allows is not in force then, a rule that denies or narrows is.

All boundaries lie on whole minutes, so that one answer serves a minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.vocabulary.nearest import did_you_mean

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_DAY = 24 * 60
_ZONES = ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo")


class Day(StrEnum):
    """Days of the week, Monday first."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


_DAYS = tuple(Day)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationContext:
    """What a decision may depend on besides who, what and on what.

    Attributes:
        purpose: as the caller states it; a claim that is recorded, not a proof. Case does not count.
        now: the moment of the call, with its zone; None where it is not known.

    Raises:
        ValueError: ``now`` has no zone.
    """

    purpose: str | None = None
    now: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a moment that could be any of 24."""
        if self.now is not None and self.now.tzinfo is None:
            raise ValueError("the moment of a call needs a time zone")


UNKNOWN_CONTEXT = EvaluationContext()
"""Nothing is known: conditional rules that allow are not in force, all others are."""


class HoursDocument(Document):
    """Hours of the day; ``to`` before ``from`` means past midnight."""

    from_: str = Field(alias="from")
    to: str


class OccasionDocument(Document):
    """An occasion as written; everything that is named must hold."""

    purpose: tuple[str, ...] | None = None
    days: tuple[Day, ...] | None = None
    hours: HoursDocument | None = None
    time_zone: str | None = None
    not_before: str | None = None
    not_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Everything named must hold; None where nothing is named.

    Attributes:
        purposes: in lower case.
        days: on which the hours begin, in ``zone``.
        hours: (first minute, first minute no longer) of the day in ``zone``; past midnight where the second is less.
        not_before: the first moment, in UTC.
        not_after: the first moment no longer, in UTC.
    """

    purposes: tuple[str, ...] | None = None
    days: tuple[Day, ...] | None = None
    hours: tuple[int, int] | None = None
    zone: str = "UTC"
    not_before: datetime | None = None
    not_after: datetime | None = None

    @property
    def text(self) -> str:
        """Return the occasion in words."""
        parts: list[str] = []
        if self.purposes is not None:
            parts.append(f"the purpose is {' or '.join(self.purposes)}")
        if self.days is not None:
            parts.append(f"on {', '.join(self.days)}")
        if self.hours is not None:
            parts.append(
                "from {:02}:{:02} to {:02}:{:02}".format(*divmod(self.hours[0], 60), *divmod(self.hours[1], 60))
            )
        if self.days is not None or self.hours is not None:
            parts.append(f"in {self.zone}")
        for word, moment in (("from", self.not_before), ("before", self.not_after)):
            if moment is not None:
                parts.append(f"{word} {moment:%Y-%m-%dT%H:%MZ}")
        return ", ".join(parts)

    def holds(self, circumstances: EvaluationContext) -> bool | None:
        """Return whether it holds; None where that cannot be told."""
        return _all_hold((self._by_purpose(circumstances.purpose), self._by_time(circumstances.now)))

    def _by_purpose(self, purpose: str | None) -> bool | None:
        if self.purposes is None:
            return True
        return None if purpose is None else normalize_purpose(purpose) in self.purposes

    def _by_time(self, now: datetime | None) -> bool | None:
        if (self.days, self.hours, self.not_before, self.not_after) == (None, None, None, None):
            return True
        if now is None:
            return None
        late = self.not_after is not None and now >= self.not_after
        early = self.not_before is not None and now < self.not_before
        return not late and not early and self._by_clock(now)

    def _by_clock(self, now: datetime) -> bool:
        if self.days is None and self.hours is None:
            return True
        local = now.astimezone(ZoneInfo(self.zone))
        minute, weekday = local.hour * 60 + local.minute, local.weekday()
        start, end = self.hours or (0, _DAY)
        if start < end:
            inside = start <= minute < end
        else:
            inside = minute >= start or minute < end
            weekday -= minute < end  # the hours began the day before
        return inside and (self.days is None or _DAYS[weekday % 7] in self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A rule is in force where ``when`` holds and ``unless`` does not."""

    when: Occasion | None = None
    unless: Occasion | None = None

    def in_force(self, circumstances: EvaluationContext, *, allows: bool) -> bool:
        """Return whether the rule is; ``allows`` says that it opens something, so that doubt leaves it out."""
        exempt = False if self.unless is None else self.unless.holds(circumstances)
        wanted = True if self.when is None else self.when.holds(circumstances)
        holds = _all_hold((wanted, None if exempt is None else not exempt))
        return not allows if holds is None else holds

    @property
    def purposes(self) -> frozenset[str]:
        """Every purpose that is named, in lower case."""
        occasions = (each for each in (self.when, self.unless) if each is not None)
        return frozenset(purpose for each in occasions for purpose in each.purposes or ())

    @property
    def text(self) -> str:
        """Return the condition in words; empty where there is none."""
        parts = [("when", self.when), ("unless", self.unless)]
        return "; ".join(f"{word} {each.text}" for word, each in parts if each is not None)


ALWAYS = Terms()


def normalize_purpose(purpose: str) -> str:
    """Return a purpose as it is compared: another case or white space around it is no other purpose."""
    return purpose.strip().lower()


def read_terms(
    when: OccasionDocument | None, unless: OccasionDocument | None, path: Path, page: ProblemCollector
) -> Terms:
    """Return when the rule is in force; what is wrong goes to the page."""
    if when is None and unless is None:
        return ALWAYS
    return Terms(
        when=None if when is None else _read_occasion(when, (*path, "when"), page),
        unless=None if unless is None else _read_occasion(unless, (*path, "unless"), page),
    )


def read_moment(text: str, path: Path, page: ProblemCollector) -> datetime | None:
    """Return a moment in UTC, or None; what is wrong goes to the page."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.second or moment.microsecond:
        message = f"{text[:40]!r} is not a moment on a whole minute with its offset from UTC."
        page.report(codes.BAD_OCCASION, path, message, "Write e.g. 2026-03-01T08:00+01:00 or 2026-03-01T07:00Z.")
        return None
    return moment.astimezone(UTC)


def _read_occasion(document: OccasionDocument, path: Path, page: ProblemCollector) -> Occasion:
    if not document.model_fields_set - {"time_zone"}:
        page.report(codes.BAD_OCCASION, path, "It names nothing that must hold.", "Name a purpose, days, hours, ...")
    if document.days is not None:
        page.check_filled(document.days, (*path, "days"), "days")
    if document.purpose is not None:
        page.check_filled(document.purpose, (*path, "purpose"), "purposes")
    for index, purpose in enumerate(document.purpose or ()):
        page.check_name(purpose, (*path, "purpose", index), "a purpose")
    first, last = (
        None if text is None else read_moment(text, (*path, key), page)
        for key, text in (("not_before", document.not_before), ("not_after", document.not_after))
    )
    if first is not None and last is not None and first >= last:
        message = "`not_after` does not lie after `not_before`, so that it never holds."
        page.report(codes.BAD_OCCASION, (*path, "not_after"), message)
    return Occasion(
        purposes=None
        if document.purpose is None
        else tuple(sorted({normalize_purpose(each) for each in document.purpose})),
        days=None if document.days is None else tuple(sorted(set(document.days), key=_DAYS.index)),
        hours=None if document.hours is None else _hours(document.hours, (*path, "hours"), page),
        zone=_zone(document, path, page),
        not_before=first,
        not_after=last,
    )


def _hours(document: HoursDocument, path: Path, page: ProblemCollector) -> tuple[int, int]:
    bounds: list[int] = []
    for key, text in (("from", document.from_), ("to", document.to)):
        if not _CLOCK.fullmatch(text):
            page.report(codes.BAD_OCCASION, (*path, key), f"{text[:20]!r} is no time of day.", 'Write e.g. "08:00".')
            return 0, _DAY
        bounds.append(int(text[:2]) * 60 + int(text[3:]))
    start, end = bounds
    if start in {end, _DAY}:
        message = f"The hours from {document.from_} to {document.to} are none, or all: that cannot be told."
        page.report(codes.BAD_OCCASION, path, message, 'Leave `hours` out for the whole day; it ends at "24:00".')
    return start, end


def _zone(document: OccasionDocument, path: Path, page: ProblemCollector) -> str:
    needed = document.days is not None or document.hours is not None
    zone = document.time_zone
    if zone is None:
        if needed:
            message = "Days and hours are those of a place, and `time_zone` is not given."
            page.report(codes.BAD_OCCASION, path, message, "Add an IANA zone, e.g. `time_zone: Europe/Berlin`.")
        return "UTC"
    if not needed:
        message = "`time_zone` means nothing without days or hours."
        page.report(codes.BAD_OCCASION, (*path, "time_zone"), message, "Leave it out; moments bring their own offset.")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(zone[:40], _ZONES) or "Write e.g. Europe/Berlin or UTC."
        message = f"{zone[:40]!r} is not an IANA time zone that is known here."
        page.report(codes.BAD_OCCASION, (*path, "time_zone"), message, hint)
        return "UTC"
    return zone


def _all_hold(parts: Iterable[bool | None]) -> bool | None:
    """Return what all of them make, where None is not known: False beats it."""
    found = tuple(parts)
    if False in found:
        return False
    return None if None in found else True
