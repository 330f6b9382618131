"""One thing that happened in a conversation, as small as the state can keep it.

Scores are integers in thousandths: sums of integers are exact in any order, sums of floats are not.
"""

from __future__ import annotations

import re
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from cxstream.events import STAGE_RANK, Control, ControlKind, Fragment, Role, Scores

UTTERANCE = "utterance"
DELETED_RANK = 3
"""Beats every stage: a deleted fragment stays deleted, whatever arrives later."""

TOPIC_PROBABILITY = 0.35
"""Under this an intent is not counted as a topic of the conversation."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_COMMON = frozenset(
    "a about am an and are as at be been but by can could did do does for from had has have he her his how"
    " i i'm if in is it it's its just me my no not of on or our she so that the their them then there they"
    " this to up was we were what when which who will with would yes you your".split()
)
_SKETCH_WORDS = 12


def milli(score: float) -> int:
    """A score in thousandths, as the state keeps it."""
    return round(score * 1000)


def sketch(text: str) -> tuple[int, ...]:
    """The content words of a text as at most twelve 16-bit hashes, to see later that it was said before."""
    words = {w for w in _WORD.findall(text.lower()) if w not in _COMMON}
    return tuple(
        sorted({crc32(w.encode("utf-8", "replace")) & 0xFFFF for w in words})[:_SKETCH_WORDS]
    )


class Entry(Struct, frozen=True, array_like=True):
    """One utterance or one control event of a conversation.

    Entries are ordered by (`at_ms`, `id`); of two with the same `id` the one with the higher
    (`rank`, `revision`) holds. `valence` and the emotions are in thousandths; `start_ms` and `end_ms` count
    on the media clock and are -1 where there is none.
    """

    at_ms: int
    id: str
    kind: str
    rank: int = 1
    revision: int = 0
    role: str = ""
    channel: str = ""
    scored: bool = False
    valence: int = 0
    anger: int = 0
    dissatisfaction: int = 0
    distress: int = 0
    confusion: int = 0
    abuse: int = 0
    intent: str = ""
    probability: int = 0
    start_ms: int = -1
    end_ms: int = -1
    sketch: tuple[int, ...] = ()

    @property
    def order(self) -> tuple[int, str]:
        """Where the entry stands among the others of its conversation."""
        return (self.at_ms, self.id)

    @property
    def precedence(self) -> tuple[int, int]:
        """Which of two entries with the same id holds: the higher."""
        return (self.rank, self.revision)


def utterance_entry(
    fragment: Fragment, at_ms: int, scores: Scores | None, *, entry_id: str | None = None
) -> Entry:
    """The entry of a final or amended fragment; without scores it counts as said but not understood."""
    start, end = fragment.start_ms, fragment.end_ms
    if start is None or end is None:
        start = end = -1
    base = Entry(
        at_ms=at_ms,
        id=entry_id or fragment.fragment_id,
        kind=UTTERANCE,
        rank=STAGE_RANK[fragment.stage],
        revision=fragment.revision,
        role=fragment.speaker.role.value,
        channel=fragment.channel,
        start_ms=start,
        end_ms=max(start, end),
        sketch=sketch(fragment.text) if fragment.speaker.role is Role.CUSTOMER else (),
    )
    if scores is None:
        return base
    emotion = scores.emotion
    return replace(
        base,
        scored=True,
        valence=milli(scores.sentiment.valence),
        anger=milli(emotion.anger),
        dissatisfaction=milli(emotion.dissatisfaction),
        distress=milli(emotion.distress),
        confusion=milli(emotion.confusion),
        abuse=milli(scores.abuse),
        intent=scores.intent.label,
        probability=milli(scores.intent.probability),
    )


def control_entry(control: Control, at_ms: int) -> Entry:
    """The entry of a control event; one that deletes a fragment takes that fragment's place."""
    if control.type is ControlKind.FRAGMENT_DELETED and control.fragment_id:
        return Entry(
            at_ms=at_ms, id=control.fragment_id, kind=control.type.value, rank=DELETED_RANK
        )
    name = control.control_id or f"{control.type.value}@{at_ms}"
    return Entry(at_ms=at_ms, id=f"!{name}", kind=control.type.value, channel=control.channel or "")
