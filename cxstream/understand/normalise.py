"""Text as the models see it: the same whether a recogniser, a phone keyboard or a lawyer wrote it.

Speech has no capitals and no full stops, and a score may not hang on them. So training and serving
both pass through here: case folded, punctuation out, fillers out, numbers (in digits, or spelled out
digit by digit) to one placeholder, white space folded, contractions in one spelling, dialects that are
written as they sound in the common spelling, and the emoji that carry a mood turned into its word. Scores
are the only use of this text: nothing reads a number or a name from it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

NUMBER: Final = "0"
"""Stands for any number; one character, so that lengths say nothing."""

LIMIT: Final = 4096
"""Characters looked at. The encoder reads 128 tokens; what follows could not change a score."""

_FILLERS: Final = frozenset("uh uhh um umm uhm erm er eh hm hmm mm mmm ah ahh".split())

_DIGITS: Final = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_INSIDE_RUN: Final = frozenset("oh o double triple hundred thousand".split())

_CONTRACTIONS: Final = {
    word.replace("'", ""): word
    for word in (
        "aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't shouldn't"
        " wasn't weren't won't wouldn't i'm i've you're you've they're they've that's what's there's"
        " he's she's who's where's how's it'd it'll you'd they'd they'll we've would've could've"
        " should've ain't y'all"
    ).split()
}

_SPOKEN: Final = {
    # how Scots, and others, are written down as they speak: the same words, so the same scores
    "cannae": "can't", "canna": "can't", "didnae": "didn't", "dinnae": "don't", "dinna": "don't",
    "doesnae": "doesn't", "disnae": "doesn't", "isnae": "isn't", "wasnae": "wasn't", "werenae": "weren't",
    "wouldnae": "wouldn't", "couldnae": "couldn't", "shouldnae": "shouldn't", "havenae": "haven't",
    "hasnae": "hasn't", "hadnae": "hadn't", "willnae": "won't", "winnae": "won't", "arenae": "aren't",
    "naw": "no", "aye": "yes", "wee": "little", "aboot": "about", "oot": "out", "hoose": "house",
    "noo": "now", "doon": "down", "roon": "round", "tae": "to", "frae": "from", "fae": "from",
    "ye": "you", "yer": "your", "yous": "you", "youse": "you", "masel": "myself", "masel'": "myself",
    "gie": "give", "gied": "gave", "telt": "told", "efter": "after", "auld": "old",
    "ony": "any", "onything": "anything", "naebody": "nobody", "naething": "nothing",
    "gonnae": "gonna", "finna": "gonna", "tryna": "trying to", "imma": "i'm gonna",
}  # fmt: skip

_MOODS: Final = {
    "😡": "angry", "😠": "angry", "🤬": "furious", "😤": "annoyed", "🙄": "annoyed", "😒": "annoyed",
    "👎": "bad", "😞": "disappointed", "😔": "sad", "😢": "sad", "😭": "sad", "😟": "worried",
    "😰": "worried", "😱": "scared", "😕": "confused", "🤔": "not sure", "🙂": "nice", "😀": "happy",
    "😃": "happy", "😄": "happy", "😁": "happy", "😊": "happy", "😍": "love it", "👍": "good",
    "🙏": "thank you", "❤": "love", "🎉": "great", ":)": "nice", ":-)": "nice", ":(": "sad", ":-(": "sad",
}  # fmt: skip
_MOOD: Final = re.compile("|".join(re.escape(sign) for sign in _MOODS))
_TRANSLATED_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "´": "'", "＇": "'"})
_NOT_A_WORD: Final = re.compile(r"[^\w' ]+|_+")
_LOOSE_APOSTROPHE: Final = re.compile(r"(?<!\w)'+|'+(?!\w)")
_MASK: Final = re.compile(r"[\[<{][A-Z][A-Z_ ]{1,24}[\]>}]")
"""What a redactor put in the place of a number: [CARD], <PHONE_NUMBER>."""
_HAS_DIGIT: Final = re.compile(r"\d+(?:[.,:/-]?\d+)*")
_STRETCHED: Final = re.compile(r"([^\W\d])\1{2,}")


def normalise(text: str) -> str:
    """The words of a text in their plainest form; may be empty. Never raises; idempotent."""
    text = text[:LIMIT].translate(_TRANSLATED_APOSTROPHES)
    text = _MASK.sub(f" {NUMBER} ", text)
    text = _MOOD.sub(lambda sign: f" {_MOODS[sign[0]]} ", text)
    text = "".join(map(_plain, unicodedata.normalize("NFKC", text))).casefold()
    text = _HAS_DIGIT.sub(f" {NUMBER} ", text)
    text = _LOOSE_APOSTROPHE.sub(" ", _NOT_A_WORD.sub(" ", text))
    text = _STRETCHED.sub(r"\1\1", text)
    return " ".join(_fold_numbers(_words(text.split())))


def _plain(character: str) -> str:
    """Control characters, surrogates and unassigned code points become spaces; joiners vanish."""
    category = unicodedata.category(character)
    if category in ("Cf", "Mn"):
        return ""
    return " " if category[0] in "CZ" else character


def _words(words: list[str]) -> list[str]:
    kept = [
        plain
        for word in words
        if word not in _FILLERS
        for plain in _SPOKEN.get(word, _CONTRACTIONS.get(word, word)).split()
    ]
    return kept or words  # a lone "hmm" is all that was said: better than nothing


def _fold_numbers(words: list[str]) -> list[str]:
    """Runs of number words, and neighbouring numbers, become one placeholder; a lone "one" stays."""
    folded: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word in _DIGITS or word == NUMBER or (word in _INSIDE_RUN and run):
            run.append(word)
            continue
        if len(run) > 1 or run == [NUMBER]:
            trailing = [w for w in run[-1:] if w in ("oh", "o", "double", "triple")]
            folded += [NUMBER, *trailing] if len(run) > 1 + len(trailing) else run
        else:
            folded += run
        run = []
        if word:
            folded.append(word)
    return folded
