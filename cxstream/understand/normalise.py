"""Text as the models see it: the same whether a recogniser, a phone keyboard or a lawyer wrote it.

Speech has no capitals and no full stops, and a score may not hang on them. So training and serving
both pass through here: case folded, punctuation out, fillers out, numbers (in digits, or spelled out
digit by digit) to one placeholder, white space folded, contractions in one spelling (`spoken`), dialects
that are written as they sound in the common spelling, and the emoji that carry a mood turned into its
word. Scores are the only use of this text: nothing reads a number or a name from it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from cxstream.understand.spelling import spoken

NUMBER: Final = "0"
"""Stands for any number; one character, so that lengths say nothing."""

SOMEBODY: Final = "someone"
"""Stands for a name that was masked before."""

LIMIT: Final = 4096
"""Characters looked at. The encoder reads 128 tokens; what follows could not change a score."""

_FILLERS: Final = frozenset("uh uhh um umm uhm erm er eh hm hmm mm mmm ah ahh".split())

_DIGITS: Final = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()
)
_INSIDE_RUN: Final = frozenset("oh o double triple hundred thousand".split())

MOODS: Final = {
    "😡": "angry", "😠": "angry", "🤬": "furious", "😤": "annoyed", "🙄": "annoyed", "😒": "annoyed",
    "👎": "bad", "😞": "disappointed", "😔": "sad", "😢": "sad", "😭": "sad", "😟": "worried",
    "😰": "worried", "😱": "scared", "😕": "confused", "🤔": "not sure", "🙂": "nice", "😀": "happy",
    "😃": "happy", "😄": "happy", "😁": "happy", "😊": "happy", "😍": "love it", "👍": "good",
    "🙏": "thank you", "❤": "love", "🎉": "great", "😂": "haha", "🤣": "haha", "😆": "haha", "😹": "haha",
    "😅": "phew", "☺": "happy", "😎": "cool", "😉": "wink", "🔥": "awesome", "👏": "well done", "👌": "good",
    "🙌": "yay", "🤗": "hug", "😘": "kiss", "🥰": "love it", "😇": "happy", "💪": "strong", "💯": "totally",
    "🤷": "no idea", "🤦": "annoyed", "🙃": "whatever", "🤢": "disgusting", "🤮": "disgusting", "😐": "meh",
    "😑": "annoyed", "😬": "awkward", "😩": "tired", "😫": "tired", "😥": "sad", "😓": "worried",
    "😨": "scared", "😧": "worried", "😦": "worried", "🙁": "sad", "☹": "sad", "😖": "upset", "😣": "upset",
    "😳": "surprised", "😮": "surprised", "😲": "surprised", "🤯": "shocked", "😏": "smirk", "😴": "bored",
    "♥": "love", "💕": "love", "💖": "love", "💗": "love", "💙": "love", "💚": "love", "💛": "love",
    "💜": "love", "💔": "heartbroken", "🥺": "please", "🤡": "clown", "💩": "crap", "🖕": "fuck you",
    ":)": "nice", ":-)": "nice", "=)": "nice", ":(": "sad", ":-(": "sad", "=(": "sad", ":'(": "sad",
    ":D": "happy", ":-D": "happy", "=D": "happy", "xD": "haha", "XD": "haha", ";)": "wink", ";-)": "wink",
    "<3": "love", ":/": "not sure", ":-/": "not sure",
}  # fmt: skip
_MOOD: Final = re.compile(
    # a sign of letters or of a colon must stand by itself: 10:/ or MaxDate is no mood
    "|".join(
        re.escape(sign) if not sign.isascii() else rf"(?<!\w){re.escape(sign)}(?![\w/])"
        for sign in sorted(MOODS, key=len, reverse=True)
    )
)
_MAYBE_MOOD: Final = re.compile(r"[:=;<]|[xX]D|[^\x00-\x7f]")
"""What every sign of a mood holds: looked for first, since most texts have none of it."""

_NO_CONTROL: Final = dict.fromkeys((*range(32), 127), " ")
_TRANSLATED_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "`": "'", "´": "'", "＇": "'"})
_NOT_A_WORD: Final = re.compile(r"[^\w' ]+|_+")
_LOOSE_APOSTROPHE: Final = re.compile(r"(?<!\w)'+|'+(?!\w)")
_MASKED_NAME: Final = re.compile(r"[\[<{](?:[A-Z]+_)?(?:NAME|PERSON)[\]>}]")
_MASK: Final = re.compile(r"[\[<{][A-Z][A-Z_ ]{1,24}[\]>}]")
"""What a redactor put in the place of a number: [CARD], <PHONE_NUMBER>; and of a name."""
_HAS_DIGIT: Final = re.compile(r"\d+(?:[.,:/-]?\d+)*")
_STRETCHED: Final = re.compile(r"([^\W\d])\1{2,}")


@lru_cache(1024)  # the light model, the cache and the transformer all ask for the texts of a batch
def normalise(text: str) -> str:
    """The words of a text in their plainest form; may be empty. Never raises; idempotent."""
    text = text[:LIMIT].translate(_TRANSLATED_APOSTROPHES)
    text = _MASKED_NAME.sub(f" {SOMEBODY} ", text)
    text = _MASK.sub(f" {NUMBER} ", text)
    if _MAYBE_MOOD.search(text):
        text = _MOOD.sub(lambda sign: f" {MOODS[sign[0]]} ", text)
    text = _in_plain_characters(text).casefold()
    text = _HAS_DIGIT.sub(f" {NUMBER} ", text)
    text = _LOOSE_APOSTROPHE.sub(" ", _NOT_A_WORD.sub(" ", text))
    text = _STRETCHED.sub(r"\1\1", text)
    return " ".join(_fold_numbers(_words(text.split())))


def _in_plain_characters(text: str) -> str:
    """One way to write each character; ASCII has but one."""
    if text.isascii():
        return text.translate(_NO_CONTROL)
    return "".join(map(_plain, unicodedata.normalize("NFKC", text)))


def _plain(character: str) -> str:
    """Control characters, surrogates and unassigned code points become spaces; joiners vanish."""
    category = unicodedata.category(character)
    if category in ("Cf", "Mn"):
        return ""
    return " " if category[0] in "CZ" else character


def _words(words: list[str]) -> list[str]:
    return spoken([word for word in words if word not in _FILLERS] or words)


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
