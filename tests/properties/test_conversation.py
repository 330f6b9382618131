"""The law of `context.conversation`: the order of arrival is irrelevant within the allowed lateness.

A conversation is drawn as a set of records, each with the event time it carries. It is delivered once in
order, and once as a network would: every record delayed by up to the lateness that is left to it, some of
them several times, partials at any time. Both must remember the same, and must have told the customer's
windows the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from itertools import groupby

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cxstream.context.arc import Arc
from cxstream.context.conversation import (
    ALLOWED_LATENESS_MS,
    OPEN_MAX,
    SETTLED_MAX,
    Change,
    Conversation,
    Fate,
)
from cxstream.context.entry import DELETED_RANK, UTTERANCE, Entry
from cxstream.context.foresight import Outlook, Ranked, Said
from cxstream.context.snapshot import dump, load_conversation
from cxstream.context.windows import Windows
from cxstream.events import Risk

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is slow; that is no error."""

SEEDS = st.integers(0, 2**32)
START_MS = 1_780_000_000_000
SOON_MS = ALLOWED_LATENESS_MS // 2
ROLES = ("customer", "customer", "agent", "bot", "supervisor", "system", "unknown")
INTENTS = ("billing_dispute", "refund_request", "provide_info", "thanks", "affirm", "deny")
CONTROLS = ("hold", "resume", "transfer", "conversation.updated", "conversation.ended")


class Foresees:
    """A foresight that hangs on everything that depends on order."""

    def follow(self, memory: bytes, said: Said) -> bytes:
        seen = f"{said.entry.id}{said.entry.role}{said.gap_ms}{said.repeated}".encode()
        return blake2b(memory + said.entry.gist + seen, digest_size=192 // 3).digest() * 3

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        numbers = [facts[name] for name in ("level", "trend", "negative_run", "repeats", "gap_s")]
        mixed = sum(abs(n) for n in numbers if isinstance(n, int | float))
        risk = Risk(
            annoyed=mixed % 1,
            dissatisfied=hash_share(facts["unresolved"]),
            goal_not_met=hash_share((facts["interruptions"], facts["holds"], facts["intents"])),
        )
        return Outlook(risk, hash_share(memory))

    def next_actions(self, memory: bytes) -> Ranked:
        return ()


FORESEES = Foresees()


def hash_share(value: object) -> float:
    """A number from 0 to 1 that is another one for another value."""
    return sum(map(ord, repr(value))) % 97 / 97


class Record(Struct, frozen=True):
    """One record on its way: what it does, when it happened, and until when it is in time."""

    at_ms: int
    until_ms: int
    entry: Entry | None = None
    partial: tuple[str, int] | None = None
    clears: tuple[str, int] | None = None
    revised: tuple[str, int, str] | None = None

    def deliver(self, to: Conversation) -> Change | None:
        """Hand the record to a conversation."""
        if self.entry is not None:
            return to.take(self.entry, FORESEES)
        if self.partial is not None:
            return to.take_partial(*self.partial)
        if self.revised is not None:
            return to.revise_role(*self.revised, FORESEES)
        assert self.clears is not None
        to.clear(*self.clears)
        return None


def said(rng: random.Random, at_ms: int, name: str) -> Entry:
    """An utterance, scored or not, with or without a place on the media clock."""
    start = rng.choice((-1, rng.randint(0, 60_000)))
    return Entry(
        at_ms=at_ms,
        id=name,
        kind=UTTERANCE,
        role=rng.choice(ROLES),
        channel=rng.choice(("voice", "chat")),
        scored=rng.random() < 0.9,
        valence=rng.randint(-1000, 1000),
        anger=rng.randint(0, 1000),
        confusion=rng.randint(0, 1000),
        abuse=rng.randint(0, 1000),
        intent=rng.choice(INTENTS),
        probability=rng.randint(0, 1000),
        start_ms=start,
        end_ms=start + rng.randint(0, 9000) if start >= 0 else -1,
        sketch=tuple(sorted(rng.sample(range(6), rng.randint(0, 4)))),
        gist=rng.randbytes(rng.choice((0, 48))),
    )


def told(rng: random.Random, at_ms: int, name: str) -> list[Record]:
    """Everything that is sent about one utterance: partials, revisions, its speaker, its deletion."""
    entries = [said(rng, at_ms, name)]
    for revision in range(1, 1 + rng.choice((0, 0, 1, 2))):
        again = said(rng, at_ms + rng.randint(-5000, SOON_MS), name)
        entries.append(replace(again, rank=rng.randint(1, 2), revision=revision))
    for _ in range(rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 2))):
        gone_ms = at_ms + rng.randint(0, SOON_MS)
        entries.append(Entry(gone_ms, name, "fragment.deleted", rank=DELETED_RANK))
    until_ms = min(e.at_ms for e in entries) + ALLOWED_LATENESS_MS
    records = [Record(e.at_ms, until_ms, entry=e) for e in entries]
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
        revised_ms = at_ms + rng.randint(0, SOON_MS)
        revised = (name, revised_ms, rng.choice(ROLES))
        records.append(Record(revised_ms, until_ms, revised=revised))
    partials = ((name, revision) for revision in range(rng.choice((0, 1, 2))))
    records += [Record(at_ms - 1, until_ms, partial=partial) for partial in partials]
    return records


@st.composite
def conversations(draw: st.DrawFn) -> list[Record]:
    """All records of one conversation, in order of event time.

    What shrinks is how many happenings there are and how far apart; what each one is comes from a seed.
    """
    records: list[Record] = []
    at_ms = START_MS
    steps = st.sampled_from((0, 1, 700, 2_000, 4_000, 9_000, 40_000))
    happenings = st.lists(st.tuples(steps, st.integers(0, 2**32)), min_size=1, max_size=30)
    for number, (step_ms, seed) in enumerate(draw(happenings)):
        rng = random.Random(seed)
        at_ms += step_ms
        until_ms = at_ms + ALLOWED_LATENESS_MS
        what = rng.randint(0, 9)
        if what == 0:
            entry = Entry(at_ms, f"!{number}", rng.choice(CONTROLS))
            records.append(Record(at_ms, until_ms, entry=entry))
        elif what == 1:
            slot = f"slot-{rng.randint(0, 2)}"
            records.append(Record(at_ms, until_ms, partial=(slot, rng.randint(0, 9))))
            records.append(Record(at_ms, until_ms, clears=(slot, rng.randint(0, 9))))
        else:
            records += told(rng, at_ms, f"u{rng.randint(0, 99):02}-{number}")
    return sorted(records, key=lambda r: r.at_ms)


def as_a_network_would(records: list[Record], seed: int) -> list[Record]:
    """The same records, each delayed within its time, some of them more than once, copies at any time."""
    rng, arrivals = random.Random(seed), []
    for record in records:
        most_ms = record.until_ms - record.at_ms
        delays = [rng.choice((0, 1, most_ms, rng.randint(0, most_ms)))]
        delays += [delays[0] + rng.randint(0, 3 * ALLOWED_LATENESS_MS)] * rng.choice((0, 0, 1, 2))
        arrivals += [(record.at_ms + delay, rng.random(), record) for delay in delays]
    return [record for _, _, record in sorted(arrivals, key=lambda a: a[:2])]


def deliver(records: Iterable[Record]) -> tuple[Conversation, Windows]:
    """A conversation that has heard the records, and the windows that have heard its deltas."""
    conversation, windows = Conversation("c"), Windows()
    for record in records:
        change = record.deliver(conversation)
        for at_ms, measures in change.deltas if change else ():
            windows.add(at_ms, measures)
    windows.advance(conversation.latest_ms)
    return conversation, windows


def fresh_fold(records: list[Record]) -> tuple[Arc, Windows]:
    """What must come out: of each id the highest revision, folded once, in order."""
    roles: dict[str, tuple[int, str]] = {}
    for record in records:
        if record.revised is not None:
            name, at_ms, role = record.revised
            roles[name] = max(roles.get(name, (0, "")), (at_ms, role))
    entries = sorted((r.entry for r in records if r.entry is not None), key=lambda e: e.id)
    winners = []
    for name, same in groupby(entries, key=lambda e: e.id):
        best = max(same, key=lambda e: e.precedence)
        if best.rank != DELETED_RANK:
            kept = best.kind == UTTERANCE and name in roles
            winners.append(replace(best, role=roles[name][1]) if kept else best)
    arc, windows = Arc(), Windows()
    for entry in sorted(winners, key=lambda e: (e.at_ms, e.id)):
        windows.add(entry.at_ms, arc.take(entry, FORESEES))
    windows.advance(max((e.at_ms for e in entries), default=0))
    return arc, windows


@settings(PATIENT, max_examples=300)
@given(conversations(), SEEDS)
def test_arrival_does_not_matter(records: list[Record], seed: int) -> None:
    ordered, told_in_order = deliver(records)
    shuffled, told_shuffled = deliver(as_a_network_would(records, seed))
    assert shuffled.comparable() == ordered.comparable()
    assert dump(shuffled.comparable()) == dump(ordered.comparable())
    assert told_shuffled.comparable() == told_in_order.comparable()


@settings(PATIENT, max_examples=200)
@given(conversations(), SEEDS)
def test_the_arc_is_the_fold_of_what_holds(records: list[Record], seed: int) -> None:
    arc, windows = fresh_fold(records)
    conversation, told_windows = deliver(as_a_network_would(records, seed))
    assert conversation.arc == arc
    assert told_windows.comparable() == windows.comparable()


@settings(PATIENT, max_examples=100)
@given(conversations(), SEEDS)
def test_a_snapshot_between_any_two_records_changes_nothing(
    records: list[Record], seed: int
) -> None:
    arrivals = as_a_network_would(records, seed)
    straight, _ = deliver(arrivals)
    interrupted = Conversation("c")
    for record in arrivals:
        interrupted = load_conversation(dump(interrupted))
        record.deliver(interrupted)
    assert interrupted == straight


@settings(PATIENT, max_examples=100)
@given(conversations(), SEEDS)
def test_whatever_comes_whenever_is_survived(records: list[Record], seed: int) -> None:
    """Beyond every lateness: nothing crashes, nothing is counted twice, the state stays bounded."""
    arrivals = records * 2
    random.Random(seed).shuffle(arrivals)
    conversation, windows = deliver(arrivals)
    entries = {r.entry.id for r in records if r.entry is not None}
    assert conversation.arc.entries <= len(entries)
    assert len(conversation.open) <= OPEN_MAX
    assert sum(bucket.get("n", 0) for bucket in windows.rows.get("last_30d", {}).values()) == (
        conversation.arc.scored_turns
    )
    assert load_conversation(dump(conversation)) == conversation


def utterance(number: int, step_ms: int = 1000, valence: int = 0) -> Entry:
    """A customer's utterance; the number is its place in the conversation."""
    return Entry(
        at_ms=START_MS + number * step_ms,
        id=f"9f0c2d4e-{number:08}-4b1a",
        kind=UTTERANCE,
        role="customer" if number % 2 else "agent",
        channel="voice",
        scored=True,
        valence=valence,
        intent="billing_dispute",
        probability=900,
        start_ms=number * step_ms,
        end_ms=number * step_ms + 800,
        sketch=tuple(range(number, number + 8)),
        gist=bytes(48),
    )


def test_a_late_utterance_moves_only_sums_and_counts() -> None:
    conversation = Conversation("c")
    for number in range(0, 400, 2):
        conversation.take(utterance(number + 1), FORESEES)
    before = conversation.arc.copy()
    late = replace(utterance(100, valence=-600), role="customer")
    change = conversation.take(late, FORESEES)
    assert change.fate is Fate.LATE
    assert dict(change.deltas)[late.at_ms]["v"] == -600
    after = conversation.arc
    assert after.customer_turns == before.customer_turns + 1
    assert after.valence_sum == before.valence_sum - 600
    assert after.last_valences == before.last_valences
    assert after.speech == replace(
        before.speech, customer_ms=before.speech.customer_ms + late.end_ms - late.start_ms
    )
    assert after.negative_run == before.negative_run
    assert (after.started_ms, after.last_ms) == (before.started_ms, before.last_ms)
    assert conversation.take(late, FORESEES).fate is Fate.DUPLICATE


def test_in_time_is_two_minutes_or_sixty_four_utterances() -> None:
    slow = Conversation("c")
    slow.take(replace(utterance(0), at_ms=START_MS + ALLOWED_LATENESS_MS), FORESEES)
    assert slow.take(replace(utterance(1), at_ms=START_MS), FORESEES).fate is Fate.APPLIED
    assert slow.take(replace(utterance(2), at_ms=START_MS - 1), FORESEES).fate is Fate.LATE
    fast = Conversation("c")
    for number in range(2, OPEN_MAX + 3):
        fast.take(utterance(number, step_ms=10), FORESEES)
    assert len(fast.open) == OPEN_MAX
    assert fast.take(utterance(1, step_ms=10), FORESEES).fate is Fate.LATE


def test_a_speaker_is_remembered_no_longer_than_the_utterance_is_open() -> None:
    conversation = Conversation("c")
    first = utterance(1)
    assert conversation.revise_role(first.id, START_MS, "agent", FORESEES).fate is Fate.APPLIED
    assert conversation.revise_role(first.id, START_MS, "agent", FORESEES).fate is Fate.DUPLICATE
    conversation.take(first, FORESEES)
    assert conversation.arc.agent_turns == 1
    conversation.take(utterance(1000), FORESEES)
    assert conversation.roles == {}
    assert conversation.revise_role(first.id, START_MS, "bot", FORESEES).fate is Fate.STALE


def test_many_at_the_same_moment_are_all_in_time() -> None:
    conversation = Conversation("c")
    entries = [replace(utterance(n), at_ms=START_MS) for n in range(3 * SETTLED_MAX)]
    outcomes = {conversation.take(entry, FORESEES).fate for entry in entries}
    assert outcomes == {Fate.APPLIED}


@settings(PATIENT, max_examples=15)
@given(SEEDS, st.integers(100, 200))
def test_more_than_stay_open_may_still_overtake_each_other(seed: int, many: int) -> None:
    rng = random.Random(seed)
    entries = [utterance(n, step_ms=50, valence=rng.randint(-900, 900)) for n in range(many)]
    ahead = OPEN_MAX // 2
    jostled = sorted(entries, key=lambda e: e.at_ms + rng.randint(0, ahead * 50))
    in_order, shuffled = Conversation("c"), Conversation("c")
    for entry in entries:
        in_order.take(entry, FORESEES)
    for entry in jostled:
        assert shuffled.take(entry, FORESEES).fate is Fate.APPLIED
    assert shuffled.comparable() == in_order.comparable()


def test_what_is_redelivered_is_never_counted_twice_however_long_ago_it_was() -> None:
    conversation = Conversation("c")
    entries = [utterance(n, step_ms=3000) for n in range(3 * SETTLED_MAX)]
    for entry in entries:
        conversation.take(entry, FORESEES)
    counted = conversation.arc.entries
    outcomes = [conversation.take(entry, FORESEES).fate for entry in entries]
    assert set(outcomes) == {Fate.FORGOTTEN, Fate.DUPLICATE}
    assert outcomes.count(Fate.DUPLICATE) >= SETTLED_MAX // 2
    assert conversation.arc.entries == counted


@settings(PATIENT, max_examples=10)
@given(SEEDS)
def test_late_ones_are_not_counted_twice_either(seed: int) -> None:
    conversation = Conversation("c")
    conversation.take(utterance(10_000), FORESEES)
    late = [utterance(number) for number in range(3 * SETTLED_MAX)] * 2
    random.Random(seed).shuffle(late)
    counted = [entry.id for entry in late if conversation.take(entry, FORESEES).fate is Fate.LATE]
    assert len(counted) == len(set(counted)) == conversation.arc.entries - 1
    assert len(counted) >= SETTLED_MAX // 2


def test_the_state_is_bounded() -> None:
    conversation = Conversation("c")
    sizes = {}
    for number in range(5000):
        conversation.take_partial(f"p{number}", number)
        conversation.clear(f"slot{number}", number)
        conversation.revise_role(f"r{number}", number, "agent", FORESEES)
        conversation.take(utterance(number), FORESEES)
        sizes[number + 1] = len(dump(conversation))
    assert sizes[1] < 1_000
    assert max(sizes.values()) < 28_000
    assert (
        max(sizes[n] for n in range(4000, 5000)) <= max(sizes[n] for n in range(2000, 3000)) + 500
    )


def test_a_revision_after_its_utterance_has_settled_changes_nothing() -> None:
    """In time is reckoned from the utterance, so this ends alike in order and out of it."""
    first = utterance(1)
    second = replace(first, rank=2, at_ms=first.at_ms + ALLOWED_LATENESS_MS + 5000, valence=-900)
    between = replace(utterance(2), at_ms=second.at_ms - 1000)
    ends = []
    for records in ((first, between, second), (first, second, between)):
        conversation = Conversation("c")
        outcomes = [conversation.take(entry, FORESEES).fate for entry in records]
        assert Fate.DUPLICATE in outcomes
        ends.append(conversation.comparable())
    assert ends[0] == ends[1]


def test_what_was_deleted_stays_deleted_even_long_after() -> None:
    conversation = Conversation("c")
    for number in range(0, 400, 2):
        conversation.take(utterance(number), FORESEES)
    gone = utterance(1)
    deletion = Entry(gone.at_ms, gone.id, "fragment.deleted", rank=DELETED_RANK)
    assert conversation.take(deletion, FORESEES).deltas == ()
    assert conversation.take(gone, FORESEES).fate is Fate.DUPLICATE
