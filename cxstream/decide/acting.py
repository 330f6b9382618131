"""Did the agent do what a card advised? Heard in what they say after it was shown; nobody has to click.

A card says how that sounds (`heard_as`, and `not_heard_as` for the near misses). Beside that, and for cards
that say nothing of it, the words of its own advice count: an agent who says most of one of its sentences has
done it. What is denied in the same breath ("I can't block it from here") has not been done.

Words, not a model: agents' utterances are not scored, each pattern can be argued with, and it costs
nothing while no card is on a screen. How often it is right: tests/unit/decide/test_acting.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from cxstream.context.given import Given
from cxstream.context.standing import Response
from cxstream.decide.index import Ranked
from cxstream.decide.phrases import Said
from cxstream.decide.playbook import NudgeCard

SHARE: float = 0.6
"""The share of a sentence's own words that an agent must say for it to count as said."""

WORDS_LEAST = 4
"""A sentence of fewer words of its own says too little to be recognised."""

_SETTLED = frozenset(("acted", "dismissed", "overridden"))
_DENIED = re.compile(r"(?:n't|\b(?:cannot|not|never|unable to|no way to))\b[^.!?]{0,25}$")
_SENTENCE = re.compile(r"[^.!?;:]+")
_FACT = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[a-z']{2,}")
_ENDING = re.compile(r"(?:ings?|ed|es|s)$")
_EVERYDAY = frozenset(
    (
        "an and any are as at be been but by can could did do does don't for from get go going had has have"
        " he her here him his how i'd i'll i'm i've if in is it it's its just let like may me my no not now"
        " of on one or our out please say see she should so some sorry tell thank thanks that that's the"
        " them then there they this to up us was we we'll we've were what when which who will with would"
        " you you're you've your"
    ).split()
)


def done(
    given: Iterable[Given],
    responses: Iterable[Response],
    rules: Mapping[str, Ranked],
    conversation_id: str,
    text: str,
    at_ms: int,
) -> Iterator[Given]:
    """The cards of a conversation that these words of its agent, at this moment, have followed.

    A card counts from the moment after it was shown until it is over, one that was accepted until the
    conversation ends; each once, and none that the agent put away.
    """
    cards = [
        g
        for g in given
        if g.kind == "nudge" and g.conversation_id == conversation_id and not g.withheld
    ]
    if not cards:
        return
    kinds: dict[str, set[str]] = {}
    for response in responses:
        kinds.setdefault(response.decision_id, set()).add(response.kind)
    said = Said(text)
    for one in cards:
        heard = kinds.get(one.decision_id, set())
        ranked = rules.get(one.rule)
        if ranked is None or ranked.rule.nudge is None or heard & _SETTLED or at_ms <= one.at_ms:
            continue
        if (at_ms < one.until_ms or "accepted" in heard) and follows(ranked.rule.nudge, said):
            yield one


def follows(card: NudgeCard, said: Said) -> bool:
    """Whether an agent who says this does what the card advises."""
    text = said.text
    if any(p.may_match(text) and p.compiled.search(text) for p in card.not_heard_as):
        return False
    for pattern in card.heard_as:
        if not pattern.may_match(text):
            continue
        for match in pattern.compiled.finditer(text):
            if not _DENIED.search(text, 0, match.start()):
                return True
    spoken = _own_words(text)
    return any(len(s & spoken) >= SHARE * len(s) for s in _sentences(card.say.source))


@lru_cache(maxsize=1_024)
def _sentences(say: str) -> tuple[frozenset[str], ...]:
    """The words of its own of each sentence of a card that has enough of them."""
    found = (_own_words(s) for s in _SENTENCE.findall(_FACT.sub(" ", say).lower()))
    return tuple(words for words in found if len(words) >= WORDS_LEAST)


def _own_words(text: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(text) if word not in _EVERYDAY)
    return frozenset(_ENDING.sub("", word) if len(word) > 4 else word for word in words)
