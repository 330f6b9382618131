"""Releases: a new version while it runs, in shadow, for a share of customers, and back again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import permutations

import pytest
from decide_moments import moment
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.released import Released, compare, share_of
from cxstream.engine.releases import Shelf
from cxstream.errors import PlaybookError, RecordError
from cxstream.events import PlaybookEvent, PlaybookRecord, PlaybookRelease, Signal, from_ms

AT = from_ms(1_790_000_000_000)


def text(version: str, word: str = "tea") -> str:
    return (
        f"playbook: t\nversion: '{version}'\nrules:\n"
        f"  - {{id: {word}, title: t, on: [customer_utterance], phrases: [{word}], because: b,"
        f" nudge: {{title: T, say: s}}}}\n"
    )


def book(version: str, word: str = "tea") -> PlaybookRecord:
    return PlaybookRecord("t", version, text(version, word), AT)


def released(*records: PlaybookEvent) -> Released:
    one = Released([load_playbook(text("1"), "t.yaml")], Decider)
    for record in records:
        one.take(record)
    return one


def versions(one: Released, said: str = "tea") -> dict[str, str]:
    """Which version decided, by customer."""
    found = {}
    for n in range(400):
        asked = replace(moment(said), customer_id=f"c-{n}")
        decisions = one.decide(asked, ()).decisions
        found[f"c-{n}"] = decisions[0].why.rule.version if decisions else ""
    return found


def test_the_files_decide_until_something_is_released() -> None:
    assert set(versions(released()).values()) == {"1"}
    assert set(versions(released(book("2"))).values()) == {"1"}


@given(st.permutations([book("2"), PlaybookRelease("t", "2", AT), book("3")]))
def test_a_released_version_decides_in_whatever_order_its_records_come(
    records: list[PlaybookEvent],
) -> None:
    assert released(*records).playbooks[0].version == "2"


def test_of_two_releases_the_later_holds() -> None:
    new, old = PlaybookRelease("t", "3", AT + timedelta(seconds=1)), PlaybookRelease("t", "2", AT)
    one = released(book("2"), book("3"), new, old)
    assert set(versions(one).values()) == {"3"}


def test_a_canary_decides_for_its_share_of_customers_and_always_the_same() -> None:
    trial = PlaybookRelease("t", "1", AT, trial="2", mode="canary", share=0.25)
    one = released(book("2"), trial)
    first = versions(one)
    assert first == versions(one)
    assert 0.17 < list(first.values()).count("2") / len(first) < 0.33
    wider = released(book("2"), replace(trial, share=0.5))
    on_trial = {c for c, v in first.items() if v == "2"}
    assert on_trial < {c for c, v in versions(wider).items() if v == "2"}
    assert set(versions(released(book("2"), replace(trial, share=0.0))).values()) == {"1"}


def test_another_trial_is_for_other_customers() -> None:
    assert share_of("c-1", "t@2") != share_of("c-1", "t@3")
    assert all(0 <= share_of(f"c-{n}", "t@2") < 1 for n in range(100))


def test_in_shadow_it_decides_beside_and_the_difference_is_told() -> None:
    trial = PlaybookRelease("t", "1", AT, trial="2", mode="shadow")
    one = released(book("2", "coffee"), trial)
    assert set(versions(one).values()) == {"1"}
    assert one.shadow is not None
    asked = moment("tea and coffee")
    signal = Signal("s", "utterance", "c-1", "voice", AT, 1)
    told = compare(
        signal, one.shadow.playbooks[0], one.decide(asked, ()), one.shadow.decide(asked, ())
    )
    assert (told.only_live, told.only_trial, told.both) == (("nudge:tea",), ("nudge:coffee",), ())
    assert (told.playbook, told.version) == ("t", "2")


@pytest.mark.parametrize(
    "record",
    [
        PlaybookRecord("t", "2", "rules: []", AT),
        PlaybookRecord("t", "2", text("3"), AT),
        PlaybookRecord("other", "2", text("2"), AT),
    ],
)
def test_what_does_not_hold_changes_nothing(record: PlaybookRecord) -> None:
    one = released(PlaybookRelease("t", "2", AT))
    with pytest.raises(RecordError):
        one.take(record)
    assert set(versions(one).values()) == {"1"}


def test_a_playbook_that_does_not_fit_beside_the_others_is_not_taken_up() -> None:
    clash = PlaybookRecord("u", "1", text("1").replace("playbook: t", "playbook: u"), AT)
    one = released(clash)
    with pytest.raises(RecordError, match="two playbooks"):
        one.take(PlaybookRelease("u", "1", AT))
    assert set(versions(one).values()) == {"1"}


def test_what_does_not_fit_keeps_nothing_else_from_being_released() -> None:
    clash = PlaybookRecord("u", "1", text("1").replace("playbook: t", "playbook: u"), AT)
    release = PlaybookRelease("u", "1", AT)
    one = released(clash)
    with pytest.raises(RecordError):
        one.take(release)
    one.take(book("2", "coffee"))
    one.take(PlaybookRelease("t", "2", AT + timedelta(seconds=1)))
    assert set(versions(one, "coffee").values()) == {"2"}
    one.take(PlaybookRelease("u", "1", AT + timedelta(seconds=2)))  # now it does
    assert [playbook.name for playbook in one.playbooks] == ["t", "u"]


def test_of_two_that_clash_the_first_released_holds_in_any_order() -> None:
    def made(order: Sequence[PlaybookEvent]) -> list[str]:
        one = Released([], Decider)
        for record in order:
            with suppress(RecordError):
                one.take(record)
        return [playbook.name for playbook in one.playbooks]

    records: list[PlaybookEvent] = []
    for n, name in enumerate(("b", "a")):
        body = text("1").replace("playbook: t", f"playbook: {name}")
        records.append(PlaybookRecord(name, "1", body, AT))
        records.append(PlaybookRelease(name, "1", AT + timedelta(seconds=n)))
    assert all(made(order) == ["b"] for order in permutations(records))


def shelf(*records: PlaybookEvent) -> Shelf:
    one = Shelf()
    for record in records:
        one.take(record)
    return one


def test_a_rollback_ends_the_trial_first_then_goes_to_the_version_before() -> None:
    one = shelf(PlaybookRelease("t", "1", AT))
    (second,) = one.releasing(
        PlaybookRelease("t", "2", AT + timedelta(1), trial="3", mode="canary")
    )
    assert isinstance(second, PlaybookRelease) and second.previous == "1"
    one.take(second)
    ended = one.rolling_back("t", AT + timedelta(2))
    assert (ended.live, ended.trial) == ("2", None)
    one.take(ended)
    back = one.rolling_back("t", AT + timedelta(3))
    assert (back.live, back.previous) == ("1", None)
    one.take(back)
    with pytest.raises(PlaybookError, match="where a rollback went"):
        one.rolling_back("t", AT + timedelta(4))
    with pytest.raises(PlaybookError, match="never released"):
        one.rolling_back("u", AT)
    with pytest.raises(PlaybookError, match="first release"):
        shelf(PlaybookRelease("t", "1", AT)).rolling_back("t", AT)


def test_a_version_never_changes() -> None:
    one = shelf(book("1"))
    assert one.publishing(book("1")) == []
    assert one.publishing(book("2")) == [book("2")]
    with pytest.raises(PlaybookError, match="another text"):
        one.publishing(book("1", "coffee"))
