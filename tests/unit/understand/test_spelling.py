"""One spelling: with and without apostrophe, in dialect, by the words beside it; and it stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.understand import spelling
from cxstream.understand.normalise import normalise

MIXED = sorted(
    {
        *spelling._SOUNDED,
        *spelling._CONTRACTED.values(),
        *spelling._ANOTHER_WORD.values(),
        *"an aw hale pit no the it paying".split(),
        *"ma ken wi fi so very my in feel i i'm don't oh two 12 [NAME] :) mum's boss's boys' uh".split(),
    }
)


@pytest.mark.parametrize(
    "text",
    [
        "I'll call when it's fixed, I'd like that",
        "my mother's card and my boss's phone",
        "that's what he's told me, there's no signal and they'll charge me",
        "you'd think someone's read it, let's try at ten o'clock ma'am",
        "so I'll pay, but I've lost its box",
        "nobody's phoned about the driver's mistake",
    ],
)
def test_an_apostrophe_left_out_changes_nothing(text: str) -> None:
    assert normalise(text.replace("'", "")) == normalise(text)


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("my id is not accepted", "my id is not accepted"),
        ("i am ill", "i am ill"),
        ("he was taken ill on the plane", "he was taken ill on the plane"),
        ("i'm so ill i can't work", "i'm so ill i can't work"),
        ("ill be there", "i'll be there"),
        ("id rather not", "i'd rather not"),
    ],
)
def test_where_it_is_another_word_its_neighbours_tell(said: str, plain: str) -> None:
    assert normalise(said) == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("ah'm lookin fur ma caird", "i'm looking for my card"),
        ("i ken ye cannae dae it the noo", "i know you can't do it the now"),
        ("ask for ken", "ask for ken"),
        ("me an ma pal waited an hour for an answer", "me and my pal waited an hour for an answer"),
        ("an mot and an nhs letter", "an mot and an nhs letter"),
        ("aw thanks, it's aw sorted", "aw thanks it's all sorted"),
        ("pit it oan the hale bill, i'm no payin", "put it on the whole bill i'm not paying"),
        ("it's no problem, a pit stop", "it's no problem a pit stop"),
        ("it's my ma's phone", "it's my mas phone"),
        ("gonnae gie me ma money back", "gonna give me my money back"),
        ("we've been waitin all mornin", "we've been waiting all morning"),
        ("begin the login in the cabin", "begin the login in the cabin"),
        ("the wi-fi came wi the phone", "the wi fi came with the phone"),
    ],
)
def test_a_dialect_written_as_it_sounds(said: str, plain: str) -> None:
    assert normalise(said) == plain


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("great, thanks 😂", "great thanks haha"),
        ("[NAME] promised it", "someone promised it"),
        ("cool :D", "cool happy"),
        ("at 10:/ maxDate", "at 0 maxdate"),
        ("you xD", "you haha"),
    ],
)
def test_a_mood_has_its_word_and_a_name_its_place(said: str, plain: str) -> None:
    assert normalise(said) == plain


def test_a_partner_has_no_sex() -> None:
    said = "my {}'s card was in my {}'s coat"
    plain = {normalise(said.format(one, one)) for one in ("husband", "wife", "spouse", "partner")}
    assert plain == {"my partners card was in my partners coat"}


@given(st.lists(st.sampled_from(MIXED), min_size=1, max_size=6))
def test_it_stays_as_it_is(words: list[str]) -> None:
    once = normalise(" ".join(words))
    assert normalise(once) == once
