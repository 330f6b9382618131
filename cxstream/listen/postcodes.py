"""British postcodes as people spell them: `l s eleven seven b q`, `M for mike one, four b t`.

Letters and digits in turns are a reference or a number plate as well, so one counts only where a fragment
begins with it, as the answer to "and your postcode?" does, or after the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cxstream.listen.numerals import begins
from cxstream.listen.spans import Span

_B, _E = r"(?<![^\W_])", r"(?![^\W_])"
_CALLED: Final = (
    "alpha|alfa|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliet|juliett|kilo|lima|mike|november|oscar|papa|"
    "quebec|romeo|sierra|tango|uniform|victor|whiskey|whisky|x-?ray|yankee|zulu"
)
_NAMED: Final = (
    "bee|cee|dee|gee|aitch|jay|kay|el|ell|em|en|pee|queue|cue|ar|ess|tee|tea|vee|ex|zed|zee"
)
_LETTER: Final = (
    rf"(?:(?:[a-z]|{_NAMED}|{_CALLED}){_E}"
    rf"(?:\s(?:for|as\sin)\s[^\W\d_]{{2,10}}+(?:\s(?:{_CALLED}){_E})?)?)"
)
_ONE: Final = r"(?:\d|oh|zero|one|two|three|four|five|six|seven|eight|nine)"
_DISTRICT: Final = (
    rf"(?:\d\d|{_ONE}|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
    rf"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-]{_ONE})?){_E}"
)
_S: Final = r"[\s,.\-]{1,2}"
_SPELT: Final = re.compile(
    rf"{_B}{_LETTER}{_S}(?:{_LETTER}{_S})?{_DISTRICT}{_S}(?:{_ONE}{_E}{_S})?(?:{_LETTER}{_S})?"
    rf"{_ONE}{_E}{_S}(?:double\s{_LETTER}|{_LETTER}{_S}{_LETTER})(?!{_S}{_LETTER})",
    re.IGNORECASE,
)


def find_spelt_postcodes(text: str) -> Iterator[Span]:
    """Postcodes said letter by letter, in order."""
    for hit in _SPELT.finditer(text):
        before = text[max(0, hit.start() - 40) : hit.start()].lower()
        if "post" in before or begins(text, hit.start()):
            yield Span(hit.start(), hit.end(), "address")
