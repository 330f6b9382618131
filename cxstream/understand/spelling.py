"""One spelling for words that are written in several ways: with and without apostrophe, or as they sound.

A phone keyboard drops apostrophes, a recogniser puts them where it likes, and a speaker of Scots or of the
American South writes as they speak. These are the same words, so they should give the same scores. Where
a word without its apostrophe is another word too (ill, id, its), the words beside it decide, and
decide in the same way when the apostrophe is there. And a husband, a wife and a spouse are a partner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_CONTRACTED: Final = {
    word.replace("'", ""): word
    for word in (
        "aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't shouldn't"
        " wasn't weren't won't wouldn't needn't mightn't i'm i've you're you've they're they've that's"
        " what's there's here's he's she's who's where's how's when's why's it'd it'll you'd you'll they'd"
        " they'll we've would've could've should've might've must've who've that'll there'll that'd"
        " there'd who'd ain't y'all ma'am o'clock let's someone's everyone's nobody's somebody's"
        " everybody's everything's something's nothing's"
    ).split()
}  # fmt: skip

_ANOTHER_WORD: Final = {"i'll": "ill", "i'd": "id", "it's": "its"}
"""Contractions that are another word without their apostrophe."""

_NOUN_FOLLOWS: Final = frozenset(
    "my your his her our their the a an this that photo caller customer user order account valid any"
    " no of and or with new old".split()
)
_SICK_FOLLOWS: Final = frozenset(
    "am is are was were be been being i'm he's she's feel feels feeling felt get gets getting got fall fell"
    " taken took seriously terminally mentally very really too quite still critically chronically an"
    " the".split()
)
_OWNS: Final = frozenset("in on of at for with from to has had lost under and into changed".split())
_AFTER_AND: Final = re.compile(r"(?!(?:led|lcd|mot|mri|nhs|sms)$)[bcdfgjklmnpqrstvwyz]+[aeiouy]")
"""What no "an" stands before, so that it is an "and": a consonant, and not the letters of a short name."""

_WHOSE: Final = frozenset("my your his her our their the a".split())
_PUT: Final = frozenset(
    "it ma me him her us them the a my your through on in down that this".split()
)
_DENIES: Final = frozenset("i'm am is it's that's was he's she's they're you're we're are".split())
_KNOWERS: Final = frozenset("i you we they don't didn't".split())

_SOUNDED: Final = {
    # how Scots, and others, are written down as they speak
    "cannae": "can't", "canna": "can't", "didnae": "didn't", "didna": "didn't", "dinnae": "don't",
    "dinna": "don't", "doesnae": "doesn't", "disnae": "doesn't", "isnae": "isn't", "wasnae": "wasn't",
    "wisnae": "wasn't", "werenae": "weren't", "wouldnae": "wouldn't", "wouldna": "wouldn't",
    "couldnae": "couldn't", "couldna": "couldn't", "shouldnae": "shouldn't", "havenae": "haven't",
    "huvnae": "haven't", "hasnae": "hasn't", "hadnae": "hadn't", "willnae": "won't", "winnae": "won't",
    "arenae": "aren't", "amnae": "am not", "naw": "no", "nae": "no", "aye": "yes", "wee": "little",
    "aboot": "about", "oot": "out", "ootside": "outside", "withoot": "without", "hoose": "house",
    "hoosehold": "household", "noo": "now", "doon": "down", "roon": "round", "aroon": "around",
    "toon": "town", "coont": "count", "accoont": "account", "amoont": "amount", "tae": "to",
    "intae": "into", "ontae": "onto", "frae": "from", "fae": "from",
    "ye": "you", "yer": "your", "yersel": "yourself", "yous": "you", "youse": "you", "masel": "myself",
    "oor": "our", "oors": "ours", "wur": "our", "hersel": "herself", "himsel": "himself",
    "gie": "give", "gies": "give us", "gied": "gave", "gein": "giving", "telt": "told", "selt": "sold",
    "sellt": "sold", "loast": "lost", "cauld": "cold", "hauld": "hold", "haud": "hold", "efter": "after",
    "afore": "before", "auld": "old", "ony": "any", "onybody": "anybody", "onything": "anything",
    "naebody": "nobody", "naething": "nothing", "a'thing": "everything", "awthing": "everything",
    "awbody": "everybody", "awready": "already", "awright": "alright", "awfy": "awfully", "awfu": "awful",
    "wis": "was", "wid": "would", "widnae": "wouldn't", "cud": "could", "shid": "should", "hae": "have",
    "huv": "have", "gonnae": "gonna", "gaun": "going", "gaunae": "gonna",
    "dae": "do", "daein": "doing", "deid": "dead", "heid": "head", "breid": "bread", "wance": "once",
    "wan": "one", "twa": "two", "mair": "more", "maist": "most", "sair": "sore", "hame": "home",
    "jist": "just", "anither": "another", "ither": "other", "mither": "mother", "faither": "father",
    "brither": "brother", "dochter": "daughter", "bairn": "child", "bairns": "children",
    "wean": "child", "weans": "children", "lassie": "girl", "fur": "for", "pey": "pay", "peyed": "paid",
    "peyin": "paying", "peyment": "payment", "mak": "make", "tak": "take", "taen": "taken", "gat": "got",
    "richt": "right", "nicht": "night", "thocht": "thought", "whit": "what", "whaur": "where",
    "thon": "that", "thae": "those", "aff": "off", "wrang": "wrong", "lang": "long", "weel": "well",
    "polis": "police", "hunner": "hundred", "poond": "pound", "poonds": "pounds",
    "scunnered": "fed up", "drookit": "soaked", "flit": "move house",
    "flitted": "moved house", "flitting": "moving house", "flittin": "moving house",
    "ah'm": "i'm", "ah've": "i've", "ah'd": "i'd", "ah'll": "i'll", "ae": "of", "oan": "on",
    "ower": "over", "owre": "over", "yis": "you", "yin": "one", "stap": "stop", "chynge": "change",
    "cherge": "charge", "caird": "card", "boax": "box", "morra": "tomorrow", "merrit": "married",
    "maw": "mother", "dug": "dog", "watter": "water", "wumman": "woman", "fower": "four", "feart": "afraid",
    "finna": "gonna", "tryna": "trying to", "imma": "i'm gonna", "ima": "i'm gonna", "gotta": "got to",
    "wanna": "want to", "gimme": "give me", "lemme": "let me", "dunno": "don't know", "dont": "don't",
    "cuz": "because", "coz": "because", "cos": "because", "bout": "about", "til": "till", "lil": "little",
    "sposed": "supposed", "cain't": "can't", "oughta": "ought to", "hafta": "have to", "kinda": "kind of",
    "sorta": "sort of", "outta": "out of", "em": "them", "preciate": "appreciate",
    "wit": "with", "dat": "that", "dem": "them", "u": "you", "ur": "your",
    "pls": "please", "plz": "please", "thx": "thanks", "ty": "thank you",
}  # fmt: skip

_PARTNER: Final = {
    # of which sex a partner is says nothing of what is wanted or how it sounds, so no score may hang on it
    "husband": "partner", "wife": "partner", "spouse": "partner", "hubby": "partner", "wifey": "partner",
    "missus": "partner", "wifes": "partners", "husbands": "partners", "wives": "partners",
    "spouses": "partners",
}  # fmt: skip

_STEMS: Final = (
    "go do be try call wait pay say mak gett com tak giv look work talk tell ask pass send start expect try"
    " charg chang cancel order book mov feel think want need hav us put runn keep leav liv stay phon ring"
    " text email bring buy sell spend los mess happen hear see know help hold bill play driv read"
    " writ com show turn pick drop miss break fix sitt stand ly kidd jok freez leak ship stopp"
    " stick clos speak chas forget hopp hop sort switch return deliver complain"
    " everyth anyth someth noth morn even"
).split()
_DROPPED_G: Final = {f"{stem}in": f"{stem}ing" for stem in _STEMS}


def spoken(words: Sequence[str]) -> list[str]:
    """The words in their common spelling; idempotent."""
    plain = [part for word in words for part in _written_out(word).split()]
    found = ["", ""]
    for word, after in zip(plain, [*plain[1:], ""], strict=False):
        found.append(_told_apart(word, found[-2:], after))
    return found[2:]


def _written_out(word: str) -> str:
    """What a word that has one meaning only stands for."""
    if word in _ANOTHER_WORD:
        return word
    if word.endswith("'s") and word.replace("'", "") not in _CONTRACTED:
        word = word[:-2] + ("" if word.endswith("s's") else "s")  # a possessive
    for table in (_SOUNDED, _DROPPED_G, _PARTNER):
        if word in table:
            return table[word]
    return _CONTRACTED.get(word, word)


def _told_apart(word: str, before: Sequence[str], after: str) -> str:
    """The one of two words that is meant, by the words beside it."""
    further, last = before
    plain = _ANOTHER_WORD.get(word, word)
    if plain == "ill":
        sick = last in _SICK_FOLLOWS or (last == "so" and further in _SICK_FOLLOWS)
        return "ill" if sick or not after else "i'll"
    if plain == "id":
        return "id" if last in _NOUN_FOLLOWS or not after else "i'd"
    if plain == "its":
        return "its" if last in _OWNS else "it's"
    if word == "ma" and last not in _WHOSE and after:
        return "my"
    if word == "wi" and after not in ("", "fi"):
        return "with"
    if word == "an" and _AFTER_AND.match(after):
        return "and"
    if word == "aw" and last:
        return "all"
    if word == "hale" and last == "the":
        return "whole"
    if word == "pit" and after in _PUT:
        return "put"
    if word == "no" and after.endswith("ing") and last in _DENIES and "thing" not in after:
        return "not"
    if word == "ken" and last in _KNOWERS:
        return "know"
    return word
