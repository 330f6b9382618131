"""Did the agent do what a card advised: how often is that heard, how often wrongly, and which cards count."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from cxstream.context.given import Given
from cxstream.context.standing import Response
from cxstream.decide.acting import done, follows
from cxstream.decide.decider import Decider
from cxstream.decide.load import default_playbook
from cxstream.decide.phrases import Said
from cxstream.decide.playbook import NudgeCard
from cxstream.decide.templates import compile_template

PRECISION = 0.95
RECALL = {"acted.yaml": 0.95, "acted_later.yaml": 0.95, "acted_unseen.yaml": 0.35}
"""Floors over our own sentences, the last of them never tuned on; measured values are printed."""


def cards() -> dict[str, NudgeCard]:
    return {r.id: r.nudge for r in default_playbook().rules if r.nudge is not None}


@pytest.mark.parametrize("name", RECALL)
def test_what_agents_say_after_a_card(name: str) -> None:
    known = cards()
    given = yaml.safe_load((Path(__file__).parent / name).read_text("utf-8"))
    assert given.keys() == known.keys(), "every card has its sentences"
    did = [(rule, text) for rule, sides in given.items() for text in sides["did"]]
    did_not = [(rule, text) for rule, sides in given.items() for text in sides["did_not"]]
    missed = [f"{rule}: {text}" for rule, text in did if not follows(known[rule], Said(text))]
    wrong = [f"{rule}: {text}" for rule, text in did_not if follows(known[rule], Said(text))]
    hits = len(did) - len(missed)
    precision, recall = hits / (hits + len(wrong)), hits / len(did)
    print(f"precision {precision:.3f}, recall {recall:.3f}")
    print("missed", *missed, "wrong", *wrong, sep="\n  ")
    assert precision >= PRECISION and recall >= RECALL[name]


CARD = Given("lost_or_stolen_block", "c", "n-1", 1_000, 60_000, "nudge")
DOES = "okay i'm blocking that card for you now"


def heard(*kinds: str) -> list[Response]:
    return [Response(CARD.rule, kind, n, f"o-{n}", "n-1") for n, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("at_ms", "responses", "counts"),
    [
        (30_000, [], True),
        (1_000, [], False),  # said before, or as the card came: not because of it
        (90_000, [], False),
        (90_000, heard("shown", "accepted"), True),  # who accepted it may take their time
        (30_000, heard("accepted", "acted"), False),
        (30_000, heard("dismissed"), False),
        (30_000, heard("overridden"), False),
        (30_000, heard("shown", "later"), True),
    ],
)
def test_which_cards_count(at_ms: int, responses: list[Response], counts: bool) -> None:
    rules = Decider([default_playbook()]).rules
    assert list(done([CARD], responses, rules, "c", DOES, at_ms)) == [CARD] * counts
    assert list(done([CARD], responses, rules, "another", DOES, at_ms)) == []
    assert list(done([replace(CARD, kind="action")], responses, rules, "c", DOES, at_ms)) == []


def test_a_card_without_words_of_its_own_is_heard_by_its_advice() -> None:
    say, _ = compile_template(
        "I'll look at last month's meter readings of {customer.channel_before} now. Is that fine?"
    )
    card = NudgeCard("t", say)
    assert follows(card, Said("Right, looking at the meter reading from last month."))
    assert not follows(card, Said("What does the meter say?"))
    assert not follows(card, Said("fine"))


def test_what_is_denied_in_the_same_breath_is_not_done() -> None:
    card = cards()["lost_or_stolen_block"]
    assert follows(card, Said("I'll block it for you."))
    assert not follows(card, Said("I can't block it for you."))
    assert follows(card, Said("I can't see it here. But I'll block it for you."))
