"""The bundled stories are sound, and are what they promise to be."""

from __future__ import annotations

import re
from collections import Counter

import msgspec
import pytest

from cxstream.demo.story import Story, bundled, check
from cxstream.events import Control, ControlKind, Fragment, Role, Stage, Transcript

STORIES = bundled()
by_name = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)

RULES = """
danger_to_life safety_hint unsafe_at_home vulnerable_customer agent_conduct
abusive_language abuse_continues fraud_secure_account
lost_or_stolen_block complaint_or_legal asks_for_supervisor bot_handover bot_stuck
cancellation_save_offer cancellation_accept billing_explain billing_dispute_escalates refund_request
order_status_lookup technical_first_steps technical_repeat_visit confusion_simplify
repeat_contact promise_broken channel_switch after_transfer
sentiment_falling customer_repeats long_silence agent_interrupts agent_talks_too_much hold_too_long
delighted_close call_back_unhappy
""".split()


def fragments(story: Story) -> list[Fragment]:
    return [r for r in story.records() if isinstance(r, Fragment)]


@by_name
def test_a_story_is_as_long_as_a_contact_is(story: Story) -> None:
    lines = sum(len(c.lines) for c in story.script.conversations)
    assert 8 <= lines <= 30


@by_name
def test_records_survive_the_wire(story: Story) -> None:
    records = story.records()
    wire = [msgspec.json.encode(r) for r in records]
    assert [msgspec.json.decode(w, type=Transcript) for w in wire] == records


@by_name
def test_what_is_expected_is_not_forbidden(story: Story) -> None:
    """A rule may be expected in one place and forbidden in another, but not forbidden everywhere."""
    everywhere = {
        n.rule for n in story.script.nevers() if not (n.before or n.after or n.conversation)
    }
    assert not everywhere & {e.rule for e in story.script.expect}


@by_name
def test_rule_ids_are_those_of_the_default_playbook(story: Story) -> None:
    expected = {e.rule for e in story.script.expect if e.kind not in ("summary", "passport")}
    assert expected | {n.rule for n in story.script.nevers()} <= set(RULES)


@by_name
def test_every_conversation_ends_and_must_be_summed_up(story: Story) -> None:
    ended = [
        r.conversation_id
        for r in story.records()
        if isinstance(r, Control) and r.type is ControlKind.ENDED
    ]
    assert sorted(ended) == sorted(story.conversation_ids)
    summed = [f"demo:{e.summary}" for e in story.script.expect if e.kind == "summary"]
    assert sorted(summed) == sorted(story.conversation_ids)


@by_name
def test_no_output_misses_every_essential_expectation(story: Story) -> None:
    essential = [e for e in story.script.expect if not e.nice]
    assert len(check(story, [])) == len(essential)


@by_name
def test_a_line_arrives_within_the_allowed_lateness(story: Story) -> None:
    late_s = [a.at_ms / 1000 - a.record.event_time.timestamp() for a in story.arrivals]  # type: ignore[union-attr]
    assert min(late_s) >= 0 and max(late_s) <= 120


def test_conversations_and_customers_belong_to_one_story() -> None:
    conversations = [i for s in STORIES for i in s.conversation_ids]
    assert len(conversations) == len(set(conversations))
    owners: dict[str, set[str]] = {}
    for story in STORIES:
        for record in story.records():
            if isinstance(record, Control) and record.customer_id:
                owners.setdefault(record.customer_id, set()).add(story.name)
    assert all(len(names) == 1 for names in owners.values())


def test_every_rule_is_wanted_by_some_story_and_the_dangerous_ones_refused_by_many() -> None:
    expected = {e.rule for s in STORIES for e in s.script.expect}
    assert set(RULES) <= expected
    refused = Counter(r for s in STORIES for r in {n.rule for n in s.script.nevers()})
    for rule in ("danger_to_life", "complaint_or_legal", "abusive_language", "vulnerable_customer"):
        assert refused[rule] >= 5, rule


def test_all_channels_speak_and_stories_are_real_traffic() -> None:
    assert len(STORIES) >= 14
    everything = [f for s in STORIES for f in fragments(s)]
    assert {f.channel for f in everything} == {"voice", "chat", "sms", "email"}
    assert {f.stage for f in everything} == set(Stage)
    assert {Role.CUSTOMER, Role.AGENT, Role.BOT, Role.SYSTEM} <= {
        f.speaker.role for f in everything
    }
    assert any(f.visibility == "internal" for f in everything)
    assert any(f.ingest_time is not None for f in everything)
    keys = Counter((f.fragment_id, f.stage, f.revision) for f in everything)
    assert max(keys.values()) == 2  # at least one redelivery, and nothing else twice


def test_no_story_holds_what_looks_like_a_card_number() -> None:
    text = " ".join(f.text for s in STORIES for f in fragments(s))
    assert not re.search(r"(?:\d[ -]?){13,}", text)
