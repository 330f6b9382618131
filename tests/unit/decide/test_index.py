"""The index: a moment pays for the rules it can move, and gets the same decisions as from all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from typing import Any

import msgspec
import pytest
from decide_moments import decider, moment
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.decide import conditions
from cxstream.decide import index as index_module
from cxstream.decide.anchors import Anchors, Heard
from cxstream.decide.conditions import Condition, View
from cxstream.decide.decider import Decider
from cxstream.decide.index import Index, Slice
from cxstream.decide.load import default_playbook, load_playbook
from cxstream.decide.moment import Moment
from cxstream.decide.phrases import Phrases, Said
from cxstream.decide.signals import moment_of
from cxstream.decide.vocabulary import EVENTS, INTENTS
from cxstream.demo.story import bundled
from cxstream.errors import PlaybookError
from cxstream.events import Signal, to_ms
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import readings
from cxstream.understand.trajectory import RuleTrajectory

RULES = """
- {id: refund, title: t, on: [customer_utterance], intents: [refund_request], because: b,
   when: conversation.level < 2.0, nudge: {title: t, say: s}}
- {id: cancel, title: t, on: [customer_utterance], intents: [cancel_service], because: b,
   when: conversation.level < 2.0, nudge: {title: t, say: s}}
- {id: words, title: t, on: [customer_utterance], phrases: [hello], because: b,
   when: conversation.level < 2.0, nudge: {title: t, say: s}}
- {id: scores, title: t, on: [customer_utterance, agent_utterance], because: b,
   when: conversation.level < 2.0, nudge: {title: t, say: s}}
- {id: held, title: t, on: [hold], because: b, when: conversation.level < 2.0,
   nudge: {title: t, say: s}}
"""


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each rule's condition was evaluated, by the condition's place in RULES."""
    counts: Counter[str] = Counter()
    holds = View.holds

    def counting(view: View, condition: Condition, said: Container[str] = ()) -> bool:
        counts[condition.source] += 1
        return holds(view, condition, said)

    monkeypatch.setattr(View, "holds", counting)
    return counts


def evaluated(judged: Counter[str], at: Moment) -> int:
    judged.clear()
    decider(RULES).decide(at, ())
    loading = 5 * 3  # every condition is tried on three kinds of facts when it is loaded
    return judged.total() - loading


def test_rules_outside_the_slice_are_not_judged(judged: Counter[str]) -> None:
    assert evaluated(judged, moment("x", intent="refund_request", probability=0.9)) == 2
    assert evaluated(judged, moment("x", intent="greeting", probability=0.9)) == 1
    assert evaluated(judged, moment("hello", intent="greeting", probability=0.9)) == 2
    assert evaluated(judged, moment("hello", role="agent", intent="refund_request")) == 1
    assert evaluated(judged, moment("hello", role="bot")) == 0
    assert evaluated(judged, moment(kind="hold")) == 1
    assert evaluated(judged, moment(kind="resume")) == 0


class Everything(Index):
    """No index at all: all rules are looked at, all phrases searched, the library judges every condition."""

    def at(self, moment: Moment) -> Slice:
        place = (moment.kind, moment.role)
        looked_at = tuple(
            replace(
                r,
                needs_words=False,
                alone=r.alone or (r.rule.when is not None and r.rule.when.reads_phrases),
                quiet=None,
            )
            for r in self.by_id.values()
            if place in r.on
        )
        slots = {s.name: s for r in looked_at if r.rule.when for s in r.rule.when.slots}
        anchors = AllHeard(one.rule.phrases for one in looked_at)
        return Slice(looked_at, anchors, tuple(slots.values()), tuple(range(len(looked_at))))


class AllHeard(Anchors):
    def __init__(self, phrases: Iterable[Phrases | None]) -> None:
        self._every = {place: [*one.listened()] for place, one in enumerate(phrases) if one}

    def heard(self, said: Said) -> Heard:
        return self._every


DEFAULT = Decider([default_playbook()])
with pytest.MonkeyPatch.context() as patched:
    patched.setattr(conditions, "quick_form", lambda expression, slots: None)
    PLAIN = Decider([default_playbook()])
PLAIN.index = Everything(PLAIN.playbooks)

TEXTS = [
    "hello there",
    "my bill is higher than normally, you are a moron and I want to speak to a manager",
    "I lost my wallet, cancel my contract, give me a refund",
    "it keeps crashing, I don't understand, I've already told you three times",
    "smells of gas, can I talk to a real person",
    "",
]
score = st.floats(0, 1)
moments: st.SearchStrategy[Moment] = st.builds(
    lambda event, text, intent, p, u, c, n, degraded, guessed, agent: moment(
        text if event[0] == "utterance" else None,
        kind=event[0],
        role=event[1],
        intent=intent,
        probability=p,
        utterance=u,
        conversation=c,
        customer={"contacts_before": {"last_1h": n, "last_24h": n, "last_30d": n}, **(
            {"channel_before": "chat", "intents_before": ["technical_problem"]} if n else {})},
        degraded=degraded,
        role_guessed=guessed,
        agent_id="a-1" if agent else None,
    ),
    st.sampled_from(sorted(EVENTS.values())),
    st.sampled_from(TEXTS),
    st.sampled_from(INTENTS),
    score,
    st.fixed_dictionaries(dict.fromkeys(("anger", "negative", "distress", "abuse", "valence"), score)),
    st.fixed_dictionaries(
        {n: st.integers(0, 6) for n in ("negative_run", "repeats", "customer_turns", "holds", "hold_s")}
        | dict.fromkeys(("level", "trend", "risk", "agent_talk_share"), score)
        | {n: st.booleans() for n in ("bot_only", "ended")}
    ),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)  # fmt: skip


@given(st.lists(moments, min_size=1, max_size=4))
def test_the_index_changes_no_decision(told: list[Moment]) -> None:
    given_by_index: Any = ()
    given_by_all: Any = ()
    for at in told:
        one, other = DEFAULT.decide(at, given_by_index), PLAIN.decide(at, given_by_all)
        assert one == other
        given_by_index, given_by_all = one.given, other.given


def test_the_bundled_stories_are_decided_as_by_the_library_alone() -> None:
    given_by_index: dict[str, Any] = {}
    given_by_all: dict[str, Any] = {}
    told = story_moments()
    assert len(told) > 400
    for at in told:
        one = DEFAULT.decide(at, given_by_index.get(at.conversation_id, ()))
        other = PLAIN.decide(at, given_by_all.get(at.conversation_id, ()))
        assert one == other
        given_by_index[at.conversation_id] = one.given
        given_by_all[at.conversation_id] = other.given


def story_moments() -> list[Moment]:
    """Every signal of the bundled stories, scored by the lexicon."""
    hop = ConversationHop(
        redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics()
    )
    scorer = LexiconScorer()
    found: list[Moment] = []
    states: dict[str, Conversation] = {}
    for record in (record for story in bundled() for record in story.records()):
        key = record.conversation_id
        state = states.setdefault(key, Conversation(id=key))
        assert record.event_time is not None
        raw = msgspec.json.encode(record)
        heard = hop.read(raw, key=key.encode(), arrival_ms=to_ms(record.event_time))
        text = hop.to_score(state, heard)
        reading = readings(scorer, [text])[0] if text else None
        found += [
            moment_of(out.record, Customer(key=out.key))
            for out in hop.hear(state, heard, reading)
            if isinstance(out.record, Signal)
        ]
    return found


def test_two_playbooks_may_not_share_a_rule() -> None:
    text = f"playbook: a\nversion: '1'\nrules:\n{RULES}"
    one, two = (
        load_playbook(text, "a"),
        load_playbook(text.replace("playbook: a", "playbook: b"), "b"),
    )
    with pytest.raises(PlaybookError, match="rule cancel is in two playbooks, 'a' and 'b'"):
        Decider([one, two])


def test_rules_are_in_order_of_priority_then_id() -> None:
    ranked = index_module.Index([default_playbook()]).by_id.values()
    order = [(-one.rule.priority, one.rule.id) for one in ranked]
    assert order == sorted(order)
