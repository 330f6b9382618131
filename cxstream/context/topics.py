"""What the customer came for: the topics, which of them are still open, and what had to be said twice."""

from __future__ import annotations

from msgspec import Struct

from cxstream.context.entry import NEGATIVE, Entry, Measures

_KEPT = 12
_REMEMBERED = 6
_ALIKE = 0.6
_PERSON = "speak_to_human"
_WORDS_FOR_A_REPEAT = 3
"""Of what is no topic, shorter things ("yes, that one") are said twice without being a repeat."""


class Topics(Struct, array_like=True):
    """The topics of one conversation in order of first appearance, at most twelve.

    `thanked_for` are topics that the customer gave thanks for: closed, unless what is said next shows
    that the thanks were only polite.
    """

    counts: dict[str, int] = {}
    unresolved: tuple[str, ...] = ()
    thanked_for: tuple[str, ...] = ()
    repeats: int = 0
    sketches: tuple[tuple[int, ...], ...] = ()

    def count(self, entry: Entry, measures: Measures) -> None:
        """Count the topic of a customer's utterance: the part that does not depend on order."""
        topic = entry.topic
        if not topic:
            return
        measures[f"i:{topic}"] = 1
        if topic in self.counts or len(self.counts) < _KEPT:
            self.counts[topic] = self.counts.get(topic, 0) + 1

    def follow(self, entry: Entry) -> None:
        """Keep book of what is open after the customer's next scored utterance.

        Thanks, or a glad yes, close what was open. A new topic after that leaves it closed; the same topic
        again, a complaint, or another piece of information opens it anew.
        """
        if _content(entry):
            self.thanked_for = _union(self.thanked_for, self.unresolved)
            self.unresolved = ()
            return
        topic = entry.topic
        if (
            topic in self.thanked_for
            or entry.valence < NEGATIVE
            or entry.sure_intent == "provide_info"
        ):
            self.unresolved = _union(self.thanked_for, self.unresolved)
            self.thanked_for = ()
        elif topic:
            self.thanked_for = ()
        if topic:
            self.unresolved = _union(self.unresolved, (topic,))

    def still_open(self, *, person_came: bool) -> list[str]:
        """The topics that are open; whoever asked a bot for a person, and got one, has that."""
        return [topic for topic in self.unresolved if not (person_came and topic == _PERSON)]

    def notice_repeat(self, entry: Entry) -> None:
        """See whether the customer says nearly the same as in one of the last six utterances."""
        words = set(entry.sketch)
        if len(words) < (1 if entry.topic else _WORDS_FOR_A_REPEAT):
            return
        self.repeats += any(_alike(words, earlier) for earlier in self.sketches)
        self.sketches = (*self.sketches[1 - _REMEMBERED :], entry.sketch)


def _content(entry: Entry) -> bool:
    intent = entry.sure_intent
    return (intent == "thanks" and entry.valence >= NEGATIVE) or (
        intent == "affirm" and entry.valence > -NEGATIVE
    )


def _alike(words: set[int], earlier: tuple[int, ...]) -> bool:
    return len(words.intersection(earlier)) >= _ALIKE * len(words.union(earlier))


def _union(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*some, *more)))[-_KEPT:]
