"""Text to token ids, word by word: people use the same few thousand words, and their tokens are remembered.

A BERT's tokeniser cuts at spaces first, and nothing that it does to a word depends on the words beside it. So
each word is cut once; a text of known words costs some dictionary lookups instead of a call into the library.
"""

from __future__ import annotations

from typing import Final

from tokenizers import Tokenizer

REMEMBERED: Final = 16_384
"""Words; when there are so many, memory begins anew."""


class Tokens:
    """The ids of a text as `tokenizer` gives them, special ones at both ends, at most `most` of them."""

    def __init__(self, tokenizer: Tokenizer, most: int) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(most)
        self._most = most
        self._first, self._last = tokenizer.encode("").ids
        self._known: dict[str, list[int]] = {}

    def ids(self, text: str) -> list[int]:
        """The token ids of one text."""
        if not (text.isascii() and text.isprintable()):
            # what is a space there is for the library to say
            found: list[int] = self._tokenizer.encode(text).ids
            return found
        ids, known = [self._first], self._known
        for word in text.split():
            cut = known.get(word)
            ids += self._cut(word) if cut is None else cut
        del ids[self._most - 1 :]
        ids.append(self._last)
        return ids

    def _cut(self, word: str) -> list[int]:
        cut: list[int] = self._tokenizer.encode(word).ids[1:-1]
        if len(self._known) >= REMEMBERED:
            self._known = {}
        self._known[word] = cut
        return cut
