"""One thing that happened in a conversation, as small as the state can keep it.

Scores are integers in thousandths: sums of integers are exact in any order, sums of floats are not.
"""

from __future__ import annotations

import re
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from cxstream.events import STAGE_RANK, Control, ControlKind, Fragment, Intent, Role, Scores

UTTERANCE = "utterance"
DELETED_RANK = 3
"""Beats every stage: a deleted fragment stays deleted, whatever arrives later."""

TOPIC_PROBABILITY = 0.35
"""Under this an intent is not counted: neither as a topic of the conversation nor as thanks."""

NOT_TOPICS = frozenset(
    ("greeting", "goodbye", "thanks", "affirm", "deny", "provide_info", "out_of_scope", "")
)

NEGATIVE = -250
"""A valence under this (in thousandths) is a negative utterance, one over its opposite a positive one."""

MEDIA_MAX_MS = 30 * 86_400_000
"""A place on the media clock beyond this is no place: the clock is not one of this conversation."""

Measures = dict[str, int]
"""What an entry adds to the customer's windows, by the names given in `windows`."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_COMMON = frozenset(
    "a about actually again all already also am an and any are as at back be because been but by can"
    " can't cannot could did didn't do does doesn't don't for from get got had has have he hello her"
    " here hi his how i i'd i'll i'm i've if in is isn't it it's its just let like look me my need no"
    " not now of ok okay on only or our please really said say she so sorry still tell thank thanks that"
    " that's the their them then there they this to told too uh um up us very want was wasn't we well"
    " were what what's when where where's which who why will with would yeah yes you your".split()
)
_LEAST, _LIKELY = 0.25, 0.6
"""What a topic beside `out_of_scope` needs: by itself, and given that the sentence has a topic."""

_SURE = round(TOPIC_PROBABILITY * 1000)
_STEM = 5
_MAY_REPEAT = (Role.CUSTOMER, Role.UNKNOWN)  # who is unknown may turn out to be the customer
_SKETCH_WORDS = 12


def milli(score: float) -> int:
    """A score in thousandths, as the state keeps it."""
    return round(score * 1000)


def sketch(text: str) -> tuple[int, ...]:
    """What a text is about, as at most twelve 16-bit hashes, to see later that it was said before.

    Words that carry nothing are left out; of the others the first five letters count, so that "charged
    twice" and "a double charge" share one.
    """
    words = _WORD.findall(text.lower().replace("’", "'"))
    stems = {word[:_STEM] for word in words if word not in _COMMON}
    return tuple(
        sorted({crc32(s.encode("utf-8", "replace")) & 0xFFFF for s in stems})[:_SKETCH_WORDS]
    )


class Entry(Struct, frozen=True, array_like=True):
    """One utterance or one control event of a conversation.

    Entries are ordered by (`at_ms`, `id`); of two with the same `id` the one with the higher
    (`rank`, `revision`) holds. `valence` and the emotions are in thousandths; `start_ms` and `end_ms` count
    on the media clock and are -1 where there is none. `gist` is what the model that foresees wants to know of
    the words, in its own code.
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
    gist: bytes = b""

    @property
    def order(self) -> tuple[int, str]:
        """Where the entry stands among the others of its conversation."""
        return (self.at_ms, self.id)

    @property
    def precedence(self) -> tuple[int, int]:
        """Which of two entries with the same id holds: the higher."""
        return (self.rank, self.revision)

    @property
    def deleted(self) -> bool:
        """Whether this only marks the place of something that was taken back."""
        return self.rank == DELETED_RANK

    @property
    def sure_intent(self) -> str:
        """The intent where the model is sure enough of it, else nothing."""
        return self.intent if self.probability >= _SURE else ""

    @property
    def topic(self) -> str:
        """What the customer wants, where that is sure and more than talk; else nothing."""
        intent = self.sure_intent
        return "" if intent in NOT_TOPICS else intent


def utterance_entry(
    fragment: Fragment,
    at_ms: int,
    scores: Scores | None,
    *,
    gist: bytes = b"",
    entry_id: str | None = None,
) -> Entry:
    """The entry of a final or amended fragment; without scores it counts as said but not understood."""
    start, end = fragment.start_ms, fragment.end_ms
    if start is None or end is None or not 0 <= start <= MEDIA_MAX_MS or end > MEDIA_MAX_MS:
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
        sketch=sketch(fragment.text) if fragment.speaker.role in _MAY_REPEAT else (),
    )
    if scores is None:
        return base
    emotion = scores.emotion
    intent, probability = _wanted(scores.intent)
    return replace(
        base,
        scored=True,
        valence=milli(scores.sentiment.valence),
        anger=milli(emotion.anger),
        dissatisfaction=milli(emotion.dissatisfaction),
        distress=milli(emotion.distress),
        confusion=milli(emotion.confusion),
        abuse=milli(scores.abuse),
        intent=intent,
        probability=milli(probability),
        gist=gist,
    )


def _wanted(intent: Intent) -> tuple[str, float]:
    """The label to remember, and how sure it is.

    Much of a long sentence is about nothing. If it is about something, and that is then likely enough, the
    something is remembered, with its probability given that there is one.
    """
    if intent.label == "out_of_scope":
        for label, probability in intent.ranking:
            if label not in NOT_TOPICS and probability >= _LEAST:
                given = probability / (1 - intent.probability)
                return (label, given) if given >= _LIKELY else (intent.label, intent.probability)
    return intent.label, intent.probability


def control_entry(control: Control, at_ms: int) -> Entry:
    """The entry of a control event; one that deletes a fragment takes that fragment's place."""
    if control.type is ControlKind.FRAGMENT_DELETED and control.fragment_id:
        return Entry(
            at_ms=at_ms, id=control.fragment_id, kind=control.type.value, rank=DELETED_RANK
        )
    name = control.control_id or f"{control.type.value}@{at_ms}"
    return Entry(at_ms=at_ms, id=f"!{name}", kind=control.type.value, channel=control.channel or "")
