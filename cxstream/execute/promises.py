"""Promises that agents make in words: found, named, and with the time by which they are due.

A promise has somebody of ours who will (I, we, a colleague, the technician; or "you will have"), a thing that
can be done later (a call, a refund, a letter), and no way out. What only sounds like one is left alone: what
is denied, asked, guessed, conditional, reported, past, or said of everybody.

Rules, not a model: each can be read and argued with (promises.yaml), and a text without the first word of a
promise costs some microseconds. How often they are right is measured in tests/unit/execute/test_promises.py.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple
from zoneinfo import ZoneInfo

import yaml

from cxstream.execute.due import due_ms

TEXT_MAX = 300
DAY_MS = 86_400_000

NEEDS_TIME = frozenset(("send", "fix", "update", "change", "delivery", "technician_visit"))
"""Without a time these are what is done while talking ("I'll send you the link", "I'll sort that out")."""

DEFAULT_MS = {"call_back": DAY_MS, "refund": 7 * DAY_MS, "replacement": 7 * DAY_MS}
"""When the others are due where no time was named."""

_CUES = ("will", "'ll", "’ll", "going to", "promise", " coming", " comes", " visit")
_MAY_KEEP = ("'ve", "’ve", "have", "has", "was", "back", "promised", "sorted", "fixed", "resolved")
_HAD = (
    "came", "come", "been", "here", "up", "rang", "called", "phoned", "got", "received", "had", "arrived",
    "money", "refund", "working", "fixed", "sorted", "back on",
)  # fmt: skip
_WILL = r"(?:'ll| will|(?: am| is| are|'m|'re) going to| promise to| promise i'll)"
_SENTENCES = re.compile(r"(?<=[.!?;])\s+")
_PARTS = re.compile(r"\s+(?=(?:and|but|so|then) (?:i|we|you)(?:'ll| will)\b)")


class Found(NamedTuple):
    """One promise in a text: its kind, its words, and when it is due (UTC epoch milliseconds)."""

    what: str
    text: str
    due_ms: int


def find(text: str, said_ms: int, zone: ZoneInfo) -> tuple[Found, ...]:
    """The promises in what an agent said, in order, one of a kind; most texts have none, at once."""
    lower = text.lower()
    if not any(cue in lower for cue in _CUES):
        return ()
    words = _words()
    found: dict[str, Found] = {}
    for sentence in _SENTENCES.split(" ".join(lower.replace("’", "'").split())):
        for part in _PARTS.split(sentence):
            if words.condition.search(part):
                break  # what comes after "and" hangs on it too
            promise = _in_part(part, said_ms, zone, words)
            if promise is not None:
                found.setdefault(promise.what, promise)
    return tuple(found.values())


def kept_in(text: str) -> frozenset[str]:
    """The kinds of promises that an agent says were kept: "I've just sent it", "I'm calling you back"."""
    lower = text.lower().replace("’", "'")
    if not any(cue in lower for cue in _MAY_KEEP) or lower.rstrip().endswith("?"):
        return frozenset()
    return frozenset(what for what, pattern in _words().kept if pattern.search(lower))


def had_in(text: str) -> frozenset[str]:
    """The kinds of promises that a customer says were kept: "he came this morning", "I've got the refund"."""
    lower = text.lower().replace("’", "'")
    if not any(cue in lower for cue in _HAD) or "?" in lower:
        return frozenset()
    words = _words()
    if words.not_had.search(lower):
        return frozenset()
    return frozenset(what for what, pattern in words.had if pattern.search(lower))


def kinds() -> tuple[str, ...]:
    """The kinds that there are."""
    return tuple(what for what, _ in _words().kinds)


class _Words(NamedTuple):
    """The patterns of promises.yaml."""

    kinds: tuple[tuple[str, re.Pattern[str]], ...]
    kept: tuple[tuple[str, re.Pattern[str]], ...]
    had: tuple[tuple[str, re.Pattern[str]], ...]
    not_had: re.Pattern[str]
    done: tuple[re.Pattern[str], ...]
    condition: re.Pattern[str]
    ways_out: tuple[re.Pattern[str], ...]
    held: re.Pattern[str]
    now: re.Pattern[str]
    tag: re.Pattern[str]
    opens: re.Pattern[str]


@cache
def _words() -> _Words:
    given = yaml.safe_load(
        resources.files(__package__).joinpath("promises.yaml").read_text("utf-8")
    )

    def any_of(name: str) -> str:
        return f"(?:{'|'.join(given[name])})"

    def whole(alternatives: str) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{alternatives})\b")

    between = rf"(?: {any_of('between')})*"
    surely = r"(?: definitely| certainly| then)?"
    return _Words(
        kinds=tuple((what, whole("|".join(parts))) for what, parts in given["kinds"].items()),
        kept=tuple((what, whole("|".join(p))) for what, p in given["kept"].items() if p),
        had=tuple((what, whole("|".join(p))) for what, p in given["had"].items()),
        not_had=whole(any_of("not_had")),
        done=(
            re.compile(rf"\b{any_of('ours')}{_WILL}{between} .*"),
            re.compile(rf"\b{any_of('comes')}\b.*"),
            re.compile(rf"\byou{_WILL}{surely} {any_of('you_have')}\b.*"),
            re.compile(
                r"\b(?:your|the|that|this|it|a|an|both|all)(?: [\w'-]+){0,4}?"
                rf"{_WILL}{surely} {any_of('it_will')}\b.*"
            ),
        ),
        condition=whole(any_of("condition")),
        ways_out=(
            *(whole(any_of(name)) for name in ("guess", "denied", "reported", "general", "others")),
            whole(rf"you{_WILL} {any_of('you_do')}"),
        ),
        held=whole(any_of("held")),
        now=whole(any_of("now")),
        tag=re.compile(rf",? ?{any_of('tags')}\s*\??$"),
        opens=re.compile(rf"(?:{any_of('opens')}\b,? )+"),
    )


def _in_part(part: str, said_ms: int, zone: ZoneInfo, words: _Words) -> Found | None:
    said = words.tag.sub("", part.rstrip(" .!;"))
    if said.endswith("?") or any(pattern.search(said) for pattern in words.ways_out):
        return None
    done = next((match[0] for pattern in words.done if (match := pattern.search(said))), None)
    if done is None or words.held.search(done):
        return None
    what = next((kind for kind, pattern in words.kinds if pattern.search(done)), None)
    if what is None:
        return None
    due = due_ms(said, said_ms, zone)
    if due is None:
        if what in NEEDS_TIME or words.now.search(said):
            return None
        due = said_ms + DEFAULT_MS[what]
    opening = words.opens.match(part)
    return Found(what, part[opening.end() if opening else 0 :][:TEXT_MAX], due)
