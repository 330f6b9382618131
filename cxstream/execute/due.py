"""When something that was promised in words is due: "within five working days", "before Friday", "by 3 pm".

Spans are reckoned here; days of the calendar are read by dateparser, in the customer's time zone and from the
moment at which it was said. A promise is due at the *end* of what it names: "by Friday" is kept on Friday
evening, "before Friday" not any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import dateparser

from cxstream.events import from_ms, to_ms

_WORDS = "one two three four five six seven eight nine ten eleven twelve".split()
_NUMBERS: dict[str, float] = {word: number for number, word in enumerate(_WORDS, 1)} | {
    "a": 1, "an": 1, "half an": 0.5, "a couple of": 2, "a few": 5, "several": 7, "fourteen": 14,
    "fifteen": 15, "twenty": 20, "thirty": 30, "twenty-four": 24, "forty-eight": 48, "seventy-two": 72,
}  # fmt: skip
_NUMBER = rf"(?:\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_LENGTH_S = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "fortnight": 1_209_600,
             "month": 2_678_400}  # fmt: skip
_UNIT = r"(working |business |week)?(minute|hour|day|week|fortnight|month)s?"
_LOOSE = (
    r"(?:about|around|roughly|the next|less than|under|up to|at most|no more than|the space of)"
)
_SPAN = re.compile(
    rf"\b(?:in|within|inside|over|under|than|take|takes)(?: {_LOOSE})*"
    rf" (?:{_NUMBER}(?: ?- ?| to | or ))?({_NUMBER})(?: or so| more| full)? {_UNIT}\b"
    rf"|\b(?:in|within|inside) the(?: next)?() {_UNIT}\b"
    rf"|\b({_NUMBER}) {_UNIT} (?:from now|at the (?:latest|most)|at most)\b"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_MONTH = "(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DATE = re.compile(
    rf"\b(?:(?:next )?{_DAY}\b|tomorrow\b|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
    rf"|{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b|the \d{{1,2}}(?:st|nd|rd|th)\b)"
)
_TODAY = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b")
_PART = re.compile(r"\b(?:to|this |tomorrow |day )?(morning|lunchtime|afternoon|evening|night)\b")
_CLOCK = re.compile(
    r"\b(?:(\d{1,2})(?:[:.](\d\d))? ?(am|pm|a\.m|p\.m)\b|(\d{1,2}):(\d\d)\b|(noon|midday)\b"
    rf"|(?:at |by |before |past )?(\d{{1,2}}|{'|'.join(_WORDS)}) o'clock\b"
    rf"|(?:at|by|before) (half past )?(\d{{1,2}}|{'|'.join(_WORDS)})\b"
    rf"(?![:.]\d| ?(?:%|per|to|or|-|{_UNIT}|working|business|euro|pound|dollar|{_MONTH}|of |th|st|nd|rd)))"
)
_BETWEEN = re.compile(
    rf"\bbetween (?:\d{{1,2}}(?:[:.]\d\d)?|{'|'.join(_WORDS)})(?: ?[ap]\.?m\.?)?(?: o'clock)?"
    rf" and (?=\d|{'|'.join(_WORDS)})"
)
"""The first of two hours, between which it will be: what counts is the second."""
_PARTS = {"morning": time(12), "lunchtime": time(14), "afternoon": time(18), "evening": time(22),
          "night": time(23, 59)}  # fmt: skip
_END = time(23, 59)
_CLOSE = time(18)
_SOON = re.compile(
    r"\b(?:straight away|right away|immediately|at once|as soon as possible|shortly)\b"
)
_SOON_S = 86_400


def due_ms(words: str, said_ms: int, zone: ZoneInfo) -> int | None:
    """When the words say it will be done, or None where they name no time. `words` in lower case."""
    now = from_ms(said_ms).astimezone(zone)
    found = _after_span(words, now) or _end_of(words, now) or _calendar(words, now)
    if found is None and _SOON.search(words):
        found = now + timedelta(seconds=_SOON_S)
    return None if found is None else max(said_ms, to_ms(found))


def _after_span(words: str, now: datetime) -> datetime | None:
    span = _SPAN.search(words)
    if span is None:
        return None
    number, kind, unit = next(
        group for group in (span.groups()[0:3], span.groups()[3:6], span.groups()[6:9]) if group[2]
    )
    amount = _NUMBERS.get(number or "", 0.0) or float(number or 1)
    if kind and unit == "day":
        return _working_days(now, round(amount))
    if unit == "day" and not number:
        return datetime.combine(now.date(), _END, now.tzinfo)  # "within the day"
    later = now + timedelta(seconds=amount * _LENGTH_S[unit])
    return later if unit in ("minute", "hour") else datetime.combine(later.date(), _END, now.tzinfo)


def _working_days(now: datetime, days: int) -> datetime:
    """The end of the so-manieth day from now that is no Saturday and no Sunday."""
    day = now.date()
    while days > 0:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return datetime.combine(day, _END, now.tzinfo)


def _end_of(words: str, now: datetime) -> datetime | None:
    for pattern, day_of, at in _ENDS:
        if pattern.search(words):
            return datetime.combine(day_of(now).date(), at, now.tzinfo)
    return None


def _friday(now: datetime) -> datetime:
    return now + timedelta(days=(4 - now.weekday()) % 7)


def _month_end(now: datetime) -> datetime:
    return (now.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


_ENDS: tuple[tuple[re.Pattern[str], Callable[[datetime], datetime], time], ...] = (
    (re.compile(r"\b(?:end|close|course) of (?:the )?month\b|\bthis month\b"), _month_end, _END),
    (re.compile(r"\bend of next week\b"), lambda n: _friday(n) + timedelta(7), _END),
    (
        re.compile(r"\bnext week\b"),
        lambda n: n + timedelta(13 - n.weekday()),
        _END,
    ),
    (re.compile(r"\b(?:end|close|course) of (?:the |this )?week\b|\bthis week\b"), _friday, _END),
    (
        re.compile(r"\bclose of (?:business|play)\b(?! (?:tomorrow|on|\w+day))|\bend of (?:business|play)\b"),
        lambda n: n,
        _CLOSE,
    ),
    (
        re.compile(r"\b(?:end|close|course) of (?:the |to)?day\b|\blater today\b"),
        lambda n: n,
        _END,
    ),
)  # fmt: skip


def _calendar(words: str, now: datetime) -> datetime | None:
    """A day, an hour, or both."""
    words = _BETWEEN.sub("by ", words)
    date, clock, part = _DATE.search(words), _CLOCK.search(words), _PART.search(words)
    if not (date or clock or _TODAY.search(words)):
        return None
    day = now
    if date is not None:
        read = dateparser.parse(
            date[0].removeprefix("the "),
            languages=["en"],
            settings={
                "RELATIVE_BASE": now.replace(tzinfo=None),
                "PREFER_DATES_FROM": "future",
                "DATE_ORDER": "DMY",
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
        if read is None:
            return None
        day = read.replace(tzinfo=now.tzinfo)
        if day.date() < now.date() and date[0].startswith("the "):
            day = _month_end(now) + timedelta(days=day.day)  # "the 3rd", said on the 25th
    if clock is not None:
        at = datetime.combine(day.date(), _time_of(clock), now.tzinfo)
        return at + timedelta(hours=12) if date is None and at < now and at.hour < 12 else at
    if date is not None and re.search(rf"\b(?:before|ahead of) {re.escape(date[0])}", words):
        at_midnight = datetime.combine(day.date(), time(0), now.tzinfo)
        return (
            at_midnight
            if part is None
            else datetime.combine(day.date(), _begin(part[1]), now.tzinfo)
        )
    return datetime.combine(day.date(), _PARTS[part[1]] if part else _END, now.tzinfo)


def _begin(part: str) -> time:
    return {"morning": time(6), "lunchtime": time(12), "afternoon": time(12)}.get(part, time(18))


def _time_of(clock: re.Match[str]) -> time:
    hour, minute, half, h24, m24, noon, oclock, half_past, bare = clock.groups()[:9]
    if noon:
        return time(12)
    if h24:
        return time(int(h24) % 24, int(m24) % 60)
    if hour:
        afternoon = half.startswith("p")
        return time(int(hour) % 12 + 12 * afternoon, int(minute or 0) % 60)
    said = oclock or bare
    number = _WORDS.index(said) + 1 if said in _WORDS else int(said) % 24
    # nobody is called back at three in the night
    return time(number + 12 if 1 <= number < 8 else number, 30 if half_past else 0)
