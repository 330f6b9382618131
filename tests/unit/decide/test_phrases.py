"""Phrases: what patterns may be, that anchors lose no match, and that spans are places in the original."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxstream.decide.anchors import Anchors
from cxstream.decide.load import default_playbook
from cxstream.decide.patterns import PatternError, compile_pattern
from cxstream.decide.phrases import Phrases, Said


def phrases(*sources: str, unless: tuple[str, ...] = ()) -> Phrases:
    return Phrases(
        (("any", tuple(map(compile_pattern, sources))),), tuple(map(compile_pattern, unless))
    )


def found(one: Phrases, text: str) -> list[str]:
    return [text[a:b] for spans in one.find(Said(text)).values() for a, b in spans]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("(a+)+b", "has no end"),
        (".*refund", "has no end"),
        ("a{2,}", "at most 60"),
        ("x{0,500}", "at most 60"),
        (r"(?:a{0,5}b){0,5}c", "repeats something that itself repeats"),
        (r"\w{0,50}\w{0,50}x", "tries at one place"),
        (r"(a)\1", "only"),
        ("(?>a)b", "kind of group"),
        ("(?i)a", "kind of group"),
        ("(unclosed", "not a regular expression"),
        ("a?", "matches the empty text"),
        ("Capital", "capital letters"),
        ("a" * 500, "500 characters long"),
    ],
)
def test_patterns_that_are_refused(source: str, problem: str) -> None:
    with pytest.raises(PatternError, match=problem):
        compile_pattern(source)


@pytest.mark.parametrize(
    ("source", "anchors"),
    [
        (r"\bsmell of gas\b", ("smell of gas",)),
        (r"\b(?:refund|money back)\b", ("refund", "money back")),
        (r"colou?r scheme", ("r scheme",)),
        (r"(?:very )?angry", ("angry",)),
        (r"you (?:absolute )?(?:idiot|moron)", ("idiot", "moron")),
        (r"[abc]x{0,3}", ()),
        (r"(?:a\d|\d)", ()),
        (r"kill (?!time)\w", ("kill ",)),
    ],
)
def test_anchors(source: str, anchors: tuple[str, ...]) -> None:
    assert compile_pattern(source).anchors == anchors


LISTENING = [rule.phrases for rule in default_playbook().rules if rule.phrases is not None]
ANCHORS = Anchors(LISTENING)
WORDS = st.sampled_from(
    [word for one in LISTENING for _, patterns in one.groups
     for pattern in patterns for word in pattern.anchors]
    + "i you my want to the a is it not have been cancel kill gas card bill manager".split()
)  # fmt: skip


@given(st.lists(WORDS, max_size=12), st.text(max_size=20))
def test_anchors_lose_no_match(words: list[str], noise: str) -> None:
    """A pattern that matches has an anchor in the text, and the one pass over all anchors finds it."""
    said = Said(" ".join(words) + noise)
    heard = ANCHORS.heard(said)
    for place, one in enumerate(LISTENING):
        for name, pattern in one.listened():
            if pattern.compiled.search(said.text):
                assert pattern.may_match(said.text)
                assert (name, pattern) in heard[place]
        assert one.find(said, heard.get(place, ())) == one.find(said)


def test_spans_are_places_in_the_original() -> None:
    one = phrases(r"\bi(?:'m| am) so angry\b")
    assert found(one, "Well,  I’m   so\n\tANGRY now") == ["I’m   so\n\tANGRY"]
    assert found(one, "İİ I am so angry") == ["I am so angry"]


@given(st.text(), st.text())
def test_a_phrase_is_found_wherever_it_stands(before: str, after: str) -> None:
    text = f"{before} xyzzy plugh {after}"
    assert found(phrases("xyzzy plugh"), text) == (["xyzzy plugh"] if len(before) < 7_000 else [])


def test_a_void_match_does_not_hide_a_good_one() -> None:
    one = phrases(r"\bmy lawyer\b", unless=(r"\bmy lawyer's address\b",))
    assert found(one, "my lawyer's address changed") == []
    assert found(one, "my lawyer's address changed, and my lawyer will write") == ["my lawyer"]


def test_a_long_text_is_searched_in_bounded_time() -> None:
    """Every pattern of the default playbook, on texts made to keep it busy."""
    for filler in ("i want to speak to a manager ", "you are a a a ", "bill ", "aaaa", " "):
        said = Said(filler * 100_000)
        begin = time.process_time()
        for one in LISTENING:
            one.find(said)
        assert time.process_time() - begin < 2.0
