"""What the models see must not depend on how a text was typed or recognised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.understand.normalise import LIMIT, MOODS, normalise


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("Hello, I'd like to CANCEL!", "hello i'd like to cancel"),
        ("uh, my number is, um, four four seven one", "my number is 0"),
        ("my number is 4471", "my number is 0"),
        ("it's double four oh seven, oh", "it's double 0 oh"),
        ("twenty five", "0"),
        ("one moment please", "one moment please"),
        ("oh no", "oh no"),
        ("it costs £1,204.50 a month", "it costs 0 a month"),
        ("dont you understand", "don't you understand"),
        ("don’t", "don't"),
        ("Hmm.", "hmm"),
        ("that was soooo slow", "that was soo slow"),
        ("still waiting 😡", "still waiting angry"),
        ("thanks :)", "thanks nice"),
        ("  \n\t ", ""),
        ("", ""),
        ("\x00\x1b[31mhi\u200b", "0 mhi"),
        ("my card is [CARD], my phone <PHONE_NUMBER>", "my card is 0 my phone 0"),
        ("before 9:30am, on the X200", "before 0 am on the x 0"),
        ("\ud800 broken \udfff", "broken"),
        ("STRASSE straße", "strasse strasse"),
        ("rock 'n' roll's", "rock n rolls"),
    ],
)
def test_one_spelling(written: str, seen: str) -> None:
    assert normalise(written) == seen


@given(st.text(st.characters()))
def test_any_text_has_a_plain_form_that_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once == " ".join(once.split())
    once.encode("utf-8")


@given(st.lists(st.sampled_from("please cancel my order because nobody came".split()), min_size=1))
def test_case_and_punctuation_say_nothing(words: list[str]) -> None:
    plain = normalise(" ".join(words))
    assert normalise(", ".join(words).upper() + "?!") == plain
    assert normalise("“" + "… ".join(words) + "”.") == plain


def test_a_megabyte_costs_no_more_than_its_beginning() -> None:
    assert normalise("word " * 250_000) == normalise(("word " * 250_000)[:LIMIT])


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("I cannae get intae it, didnae work", "i can't get into it didn't work"),
        ("aye, it was the wee one", "yes it was the little one"),
        ("I'm tryna pay", "i'm trying to pay"),
        ("my wi-fi is down", "my wi fi is down"),
        ("shouldve told me", "should've told me"),
    ],
)
def test_a_dialect_written_as_it_sounds_is_the_same_words(said: str, plain: str) -> None:
    assert normalise(said) == plain
    assert normalise(plain) == plain


@pytest.mark.parametrize("sign", MOODS)
def test_every_sign_of_a_mood_is_its_word_wherever_it_stands(sign: str) -> None:
    word = MOODS[sign]
    assert normalise(f"well {sign}") == normalise(f"well {word}")
    assert normalise(f"{sign} well") == normalise(f"{word} well")


@given(st.text(st.characters(max_codepoint=127)))
def test_letters_of_ascii_take_the_short_way_to_the_same_words(text: str) -> None:
    assert normalise(text) == normalise(text + " \u200d")  # a joiner vanishes, after the long way
