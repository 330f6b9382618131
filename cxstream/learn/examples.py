"""The public data as examples: one text, and what is known of it for each head.

One reader a source; each says what it takes from the source's own labels and what it cannot know
(None: the head learns nothing from this example). Licences and origins stand in SOURCES and go into
the card of the model.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import yaml

from cxstream.errors import ModelError
from cxstream.understand.labels import EMOTIONS
from cxstream.understand.normalise import normalise

Split = str
"""`train`, `dev`, or another that the data folder has files of."""
Row = dict[str, Any]
AUTHORED: Final = Path(__file__).with_name("authored")

SOURCES: Final = {
    "banking77": "Banking77 (PolyAI task-specific-datasets @57ec275), CC-BY-4.0",
    "clinc150": "CLINC150 (clinc/oos-eval @828f809), CC-BY-3.0",
    "nlupp": "NLU++ (PolyAI task-specific-datasets @57ec275), CC-BY-4.0",
    "multidogo": "MultiDoGO (awslabs, @baa3063), CDLA-Permissive-1.0",
    "natcs": "NatCS of DSTC11 track 2, insurance part (amazon-science @969b95a), Apache-2.0",
    "goemotions": "GoEmotions (google-research; monologg/GoEmotions-pytorch @b75f9d3), CC-BY-4.0",
    "convabuse": "ConvAbuse (amandacurry/convabuse @c0a9469), CC-BY-4.0",
    "authored": "sentences of our own (cxstream/learn/authored); never evaluated on",
}

EVALUATED_ONLY: Final = frozenset({"natcs"})
"""Kept out of training, so that one figure speaks of a source that the model has never seen."""

WHOLE: Final = "convabuse"
"""The source whose few development texts all calibrate: half of them would say too little."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and its labels; None where the source does not say.

    `weak` says that the labels beside the intent only follow from it (a customer who spells out an
    order number is calm); they are trained on, and never evaluated on. `fine` are the source's own
    labels, which keep the encoder able to tell near neighbours apart; `abuse_share` is the share of the
    raters who found the text abusive; `moods` are GoEmotions' groups of its labels.
    """

    text: str
    source: str
    intent: str | None = None
    sentiment: str | None = None
    emotions: frozenset[str] | None = None
    abuse: bool | None = None
    weak: bool = False
    fine: frozenset[str] | None = None
    abuse_share: float | None = None
    moods: frozenset[str] | None = None


def read(data: Path, split: Split) -> list[Example]:
    """All examples of a split, in a fixed order. ModelError when the data are not there."""
    if not (data / "label_map.json").is_file():
        raise ModelError(f"no training data in {data}: label_map.json is missing")
    maps = json.loads((data / "label_map.json").read_text(encoding="utf-8"))["map"]
    found: list[Example] = []
    for source, reader in _READERS.items():
        found += reader(rows(data, source, split), maps.get(source, {}))
    return found


def rows(data: Path, source: str, split: Split) -> Iterator[Row]:
    """The JSON objects of one file of the data pack; nothing when the source has no such split."""
    path = data / f"{source}.{split}.jsonl.gz"
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def calibrates(text: str) -> bool:
    """Whether a development text is in the half that calibrates; the other half measures calibration."""
    return sha256(normalise(text).encode()).digest()[0] < 128


def fold_of(text: str, folds: int = 5) -> int:
    """The fold of a text in cross-validation, by its hash: texts that are alike lie in the same."""
    return int.from_bytes(sha256(normalise(text).encode()).digest()[1:5], "big") % folds


def authored(path: Path = AUTHORED) -> list[Example]:
    """Our own sentences: groups of texts that share their labels, file by file."""
    found: list[Example] = []
    for file in sorted(path.glob("*.yaml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8")):
            emotions = group.get("emotions")
            found += [
                Example(
                    text=text,
                    source="authored",
                    intent=group.get("intent"),
                    sentiment=group.get("sentiment"),
                    emotions=None if emotions is None else frozenset(emotions),
                    abuse=group.get("abuse"),
                )
                for text in group["texts"]
            ]
    return found


def _fine(*labels: str) -> frozenset[str]:
    return frozenset(labels)


def _one_label(source: str) -> Callable[[Iterator[Row], dict[str, str]], list[Example]]:
    def reader(rows: Iterator[Row], intents: dict[str, str]) -> list[Example]:
        return [
            Example(row["text"], source, intent=intents[row["label"]], fine=_fine(row["label"]))
            for row in rows
            if row["label"] in intents
        ]

    return reader


_WARM: Final = frozenset(("thanks", "goodbye"))


def _clinc(rows: Iterator[Row], intents: dict[str, str]) -> list[Example]:
    """Requests to an assistant: in an even tone, so weakly neutral and free of abuse."""
    found = []
    for row in rows:
        intent = intents.get(row["label"])
        warm = intent in _WARM
        found.append(
            Example(
                row["text"],
                "clinc150",
                intent=intent,
                sentiment=None if warm else "neutral",
                emotions=None if warm else frozenset(),
                abuse=None if warm else False,
                weak=True,
                fine=_fine(row["label"]),
            )
        )
    return found


def _nlupp(rows: Iterator[Row], intents: dict[str, str]) -> list[Example]:
    """Several labels a text; the first one of the map decides."""
    found = []
    for row in rows:
        labels = set(row["labels"])
        first = next((intent for label, intent in intents.items() if label in labels), None)
        found.append(Example(row["text"], "nlupp", intent=first, fine=_fine(*labels)))
    return found


_CALM_ACTS: Final = frozenset(
    (
        "openinggreeting",
        "confirmation",
        "contentonly",
        "closinggreeting",
        "bookflight",
        "getseatinfo",
    )
)


def _multidogo(rows: Iterator[Row], intents: dict[str, str]) -> list[Example]:
    """Turns of service chats with one label; greetings, answers and thanks are weakly calm."""
    found = []
    seen: set[str] = set()
    for row in rows:
        if len(row["labels"]) != 1 or row["labels"][0] not in intents or row["text"] in seen:
            continue
        seen.add(row["text"])
        act = row["labels"][0]
        tone = {"thankyou": "positive"}.get(act, "neutral" if act in _CALM_ACTS else None)
        emotions = None
        if tone is not None:
            emotions = frozenset({"satisfaction"} if tone == "positive" else ())
        found.append(
            Example(
                row["text"],
                "multidogo",
                intent=intents[act],
                sentiment=tone,
                emotions=emotions,
                abuse=None if tone is None else False,
                weak=True,
                fine=_fine(f"{row['domain']}/{act}"),
            )
        )
    return found


_EMOTION_OF: Final = {
    "anger": ("anger", "annoyance"),
    "dissatisfaction": ("disappointment", "disapproval", "disgust"),
    "distress": ("fear", "nervousness", "sadness", "grief", "remorse"),
    "confusion": ("confusion",),
    "satisfaction": ("admiration", "approval", "gratitude", "joy", "relief", "love", "optimism",
                     "excitement", "caring", "pride", "amusement"),
}  # fmt: skip
_MOOD_OF: Final = {
    "positive": (*_EMOTION_OF["satisfaction"], "desire"),
    "negative": (*_EMOTION_OF["anger"], *_EMOTION_OF["dissatisfaction"], *_EMOTION_OF["distress"],
                 "embarrassment"),
    "ambiguous": ("confusion", "curiosity", "realization", "surprise"),
    "neutral": ("neutral",),
}  # fmt: skip
_TONE: Final = {"neg": "negative", "neu": "neutral", "pos": "positive"}


def _goemotions(rows: Iterator[Row], _: dict[str, str]) -> list[Example]:
    """Reddit comments with 27 emotions; mixed and ambiguous ones have no sentiment."""
    return [
        Example(
            row["text"],
            "goemotions",
            sentiment=_TONE.get(row["sentiment"]),
            emotions=frozenset(
                name for name in EMOTIONS if set(_EMOTION_OF[name]) & set(row["emotions"])
            ),
            fine=_fine(*row["emotions"]),
            moods=frozenset(
                name for name, fine in _MOOD_OF.items() if set(fine) & set(row["emotions"])
            ),
        )
        for row in rows
    ]


def _convabuse(rows: Iterator[Row], _: dict[str, str]) -> list[Example]:
    """What people write to bots; the majority of raters says whether it is abusive."""
    return [
        Example(
            row["text"],
            "convabuse",
            abuse=bool(row["abuse"]),
            abuse_share=row["votes"][0] / row["votes"][1],
        )
        for row in rows
        if row["text"].strip()
    ]


_READERS: Final[dict[str, Callable[[Iterator[Row], dict[str, str]], list[Example]]]] = {
    "banking77": _one_label("banking77"),
    "clinc150": _clinc,
    "nlupp": _nlupp,
    "multidogo": _multidogo,
    "natcs": _one_label("natcs"),
    "goemotions": _goemotions,
    "convabuse": _convabuse,
}
