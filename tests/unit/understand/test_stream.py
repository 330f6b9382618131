"""The stream of risk: small, exact over snapshots, bound to its encoder, silent without gists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import small_stream
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_struct
from small_stream import LEARNT, WIDTH

from cxstream.context.arc import Arc
from cxstream.context.entry import Entry
from cxstream.context.foresight import Said
from cxstream.errors import ModelError
from cxstream.understand.encoder import Vectors
from cxstream.understand.memory import CHANNELS, SUMS, Memory
from cxstream.understand.network import GIVEN, Weights
from cxstream.understand.phrases import STEPS, TOLD, Listener, Phrases, key_of
from cxstream.understand.stream import About, Stream
from cxstream.understand.stream_file import load, mark, save
from cxstream.understand.trajectory import RuleTrajectory

UNITS = 8
GIST = LEARNT + GIVEN + TOLD
LABELS = ("ask_name", "goodbye", "hello", "query", "confirm", "free_text")


def phrases(**told: tuple[int, int, int]) -> Phrases:
    """A table of single words."""
    rows = sorted((key_of(word.encode()), row) for word, row in told.items())
    keys = np.array([key for key, _ in rows], np.uint32)
    return Phrases(keys, np.array([row for _, row in rows], np.int16))


def weights(seed: int = 1) -> Weights:
    """Small ones by chance, and two phrases."""
    told = phrases(why=(500, -20, 0), please=(-700, 10, 3))
    return replace(small_stream.weights(UNITS, seed), phrases=told)


def stream(seed: int = 1) -> Stream:
    found = weights(seed)
    return Stream(found, About("fake", "f" * 64, LABELS, 0.1, mark(found)))


class Fake:
    """An encoder by name only."""

    name = "other"
    dimensions = WIDTH
    sentence = WIDTH

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        raise NotImplementedError


def entry(place: int, role: str, gist: bytes, **scores: int) -> Entry:
    at_ms = 1_700_000_000_000 + place * 20_000
    said = Entry(at_ms, f"{place:03}", "utterance", role=role, scored=True, gist=gist)
    return replace_struct(said, **scores)


PATIENT = settings(deadline=None)
"""A busy machine is slow; that is no error."""

_UTTERANCES = st.lists(
    st.tuples(
        st.sampled_from(["customer", "agent", "bot", "supervisor", "unknown"]),
        st.one_of(st.just(b""), st.binary(min_size=GIST, max_size=GIST)),
        st.integers(-1000, 1000),
        st.integers(0, 10**12),
        st.booleans(),
    ),
    max_size=30,
)


@settings(PATIENT)
@given(_UTTERANCES)
def test_the_memory_stays_small_and_the_answers_sound(
    utterances: list[tuple[str, bytes, int, int, bool]],
) -> None:
    ours, memory = stream(), b""
    for place, (role, gist, valence, gap_ms, again) in enumerate(utterances):
        said = Said(entry(place, role, gist, valence=valence), gap_ms, again)
        memory = ours.follow(memory, said)
        assert memory == b"" or len(memory) == 12 + 2 * UNITS + 4 * (SUMS - 2 + TOLD)
        risk, level = ours.outlook(memory, {})
        assert all(0 <= p <= 1 for p in (risk.annoyed, risk.dissatisfied, risk.goal_not_met, level))
        ranking = ours.next_actions(memory)
        assert len(ranking) == (5 if memory else 0)
        assert [p for _, p in ranking] == sorted((p for _, p in ranking), reverse=True)
        assert sum(p for _, p in ranking) <= 1.001


def test_who_spoke_how_long_ago_and_in_which_order_are_all_remembered() -> None:
    ours = stream()
    gist, other = bytes(range(GIST)), bytes(range(40, 40 + GIST))
    plain = Said(entry(0, "customer", gist), 1000, False)
    begun = ours.follow(b"", plain)
    second = Said(entry(1, "customer", other), 1000, False)
    ends = {
        ours.follow(begun, second),
        ours.follow(begun, second._replace(gap_ms=90_000)),
        ours.follow(begun, second._replace(repeated=True)),
        ours.follow(begun, Said(entry(1, "agent", other), 1000, False)),
        ours.follow(begun, Said(entry(1, "customer", other, anger=900), 1000, False)),
        ours.follow(ours.follow(b"", second), plain),
    }
    assert len(ends) == 6
    assert ours.follow(begun, Said(entry(1, "supervisor", other), 1000, False)) == begun


def test_without_gists_the_weights_by_hand_answer() -> None:
    ours, rule = stream(), RuleTrajectory()
    with_stream, by_hand = Arc(), Arc()
    for place in range(6):
        said = entry(place, "customer" if place % 2 else "agent", b"", valence=-700, anger=600)
        with_stream.take(said, ours)
        by_hand.take(said, rule)
    assert with_stream == by_hand
    assert with_stream.memory == b""
    assert ours.next_actions(with_stream.memory) == ()


def test_the_level_that_rules_compare_with_is_the_index_by_hand() -> None:
    ours, arc, by_hand = stream(), Arc(), Arc()
    for place in range(4):
        said = entry(place, "customer", bytes(GIST), valence=-700, anger=600)
        arc.take(said, ours)
        by_hand.take(said, RuleTrajectory())
    assert arc.memory != b""
    assert (arc.risk, arc.risk_highest) == (by_hand.risk, by_hand.risk_highest)
    assert arc.annoyed != by_hand.annoyed


def test_a_memory_of_other_weights_is_begun_anew() -> None:
    ours, theirs = stream(1), stream(2)
    said = Said(entry(0, "customer", bytes(GIST)), 0, False)
    foreign = theirs.follow(b"", said)
    assert ours.follow(foreign, said) == ours.follow(b"", said)
    assert ours.follow(b"damaged", said) == ours.follow(b"", said)
    before = Said(entry(0, "customer", bytes(LEARNT + GIVEN)), 0, False)
    assert ours.follow(b"", before) == ours.follow(b"", said), (
        "a gist of before the phrases says nothing"
    )


def test_running_numbers_are_means_and_maxima_of_the_side_that_spoke() -> None:
    held = Memory.load(b"", bytes(8), UNITS)
    rows = np.random.default_rng(3).normal(size=(5, len(CHANNELS))).astype(np.float32)
    for row in rows:
        held.count(row, row[:TOLD], acts=False)
    held.count(rows[0], rows[0][:TOLD] + 9, acts=True)
    again = Memory.load(held.dump(bytes(8)), bytes(8), UNITS)
    assert (again.customer, again.agent) == (5, 1)
    np.testing.assert_allclose(again.kept[0], rows.mean(0), atol=1e-5)
    np.testing.assert_array_equal(again.kept[2], rows.max(0))
    np.testing.assert_array_equal(again.kept[3], rows[0])
    np.testing.assert_allclose(again.told, rows[:, :TOLD].mean(0), atol=1e-5)


def test_a_gist_is_small_and_says_how_much_was_said() -> None:
    ours = stream()
    vectors = np.full((3, WIDTH), WIDTH**-0.5, np.float32)
    short, long, none = ours.gists(vectors, ("yes", "yes " * 60, ""))
    assert len(short) == len(long) == GIST
    assert 0 < short[-1 - TOLD] < long[-1 - TOLD] <= 127
    assert none != short


def test_what_phrases_tell_moves_the_risk_of_the_customer_who_said_them_and_of_no_agent() -> None:
    ours = stream()
    ours.weights.risk[:] = 0
    ours.weights.risk[0, -TOLD] = 10

    def annoyed(role: str, text: str) -> float:
        gist = ours.whole(bytes(LEARNT + GIVEN), text)
        memory = ours.follow(b"", Said(entry(0, role, gist), 0, False))
        return ours.outlook(memory, {}).risk.annoyed

    assert annoyed("customer", "why") > annoyed("customer", "what") > annoyed("customer", "please")
    assert annoyed("agent", "why") == annoyed("agent", "please") == annoyed("customer", "what")


def test_phrases_are_heard_in_whole_words_and_a_long_text_says_no_more_than_a_byte() -> None:
    heard = Listener(phrases(why=(500, -20, 0), please=(-700, 10, 3))).hear
    assert np.frombuffer(heard("why"), np.int8).tolist() == [STEPS // 2, -1, 0]
    assert heard("why why why") == heard("^why why") == heard("oh why not") == heard("why")
    assert heard("") == heard("whys") == bytes(TOLD)
    both = np.frombuffer(heard("please tell me why"), np.int8)
    assert both[0] == round((500 - 700) * STEPS / 1000 / 2**0.5)
    assert np.frombuffer(Listener(phrases(why=(30_000, 0, 0))).hear("why"), np.int8)[0] == 127


def test_a_file_gives_back_the_same_stream(tmp_path: Path) -> None:
    ours, path = stream(), tmp_path / "risk" / "stream.safetensors"
    save(ours, path)
    first = path.read_bytes()
    read = load(path)
    assert read.about == ours.about
    vectors = np.ones((1, WIDTH), np.float32)
    assert read.gists(vectors, ["why"]) == ours.gists(vectors, ["why"])
    said = Said(entry(0, "customer", bytes(GIST)), 0, False)
    memory = ours.follow(b"", said)
    assert read.follow(b"", said) == memory
    assert read.outlook(memory, {}) == ours.outlook(memory, {})
    assert read.next_actions(memory) == ours.next_actions(memory)
    save(read, path)
    assert path.read_bytes() == first


def test_a_stream_of_another_encoder_or_cxstream_is_refused(tmp_path: Path) -> None:
    ours, path = stream(), tmp_path / "stream.safetensors"
    assert ours.fits(Fake("f" * 64)) is ours
    with pytest.raises(ModelError, match="trained on fake"):
        ours.fits(Fake("e" * 64))
    with pytest.raises(ModelError, match="cxstream train"):
        load(path)
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be read"):
        load(path)
    fewer = replace(ours.weights, risk=ours.weights.risk[:, 1:])
    save(Stream(fewer, ours.about), path)
    with pytest.raises(ModelError, match="risk has shape"):
        load(path)
    save(Stream(ours.weights, replace(ours.about, labels=LABELS[1:])), path)
    with pytest.raises(ModelError, match="names more or fewer actions"):
        load(path)
