"""Words cut one by one give what the library gives for the whole text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from cxstream.understand import tokens
from cxstream.understand.minilm import MAX_TOKENS, packaged
from cxstream.understand.tokens import Tokens


def library() -> Tokenizer:
    """The shipped encoder's own."""
    made = Tokenizer.from_file(str(packaged() / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(MAX_TOKENS)
    return made


LIBRARY = library()
OURS = Tokens(library(), MAX_TOKENS)

PIECES = st.sampled_from(
    [
        "okay",
        "don't",
        "[SEP]",
        "[CLS]x",
        "x[MASK]",
        "$12.50",
        "unbelievableness",
        "#",
        "a" * 120,
        "-",
    ]
)


@given(
    st.one_of(st.text(), st.text(st.characters(max_codepoint=126)), st.lists(PIECES).map(" ".join))
)
def test_they_are_the_librarys(text: str) -> None:
    assert OURS.ids(text) == LIBRARY.encode(text).ids
    assert OURS.ids(text) == LIBRARY.encode(text).ids  # remembered, too


@pytest.mark.parametrize("words", [0, 1, 125, 126, 127, 128, 500])
def test_what_is_too_long_is_cut_where_the_library_cuts(words: int) -> None:
    text = " ".join(["yes"] * words)
    found = OURS.ids(text)
    assert found == LIBRARY.encode(text).ids
    assert len(found) == min(words + 2, MAX_TOKENS)


def test_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "REMEMBERED", 8)
    few = Tokens(library(), MAX_TOKENS)
    for number in range(30):
        few.ids(f"word{number} again")
        assert len(few._known) <= 8
    assert few.ids("word1 again") == LIBRARY.encode("word1 again").ids
