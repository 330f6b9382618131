"""How far a score may move when only the speaker changes; set before the first audit was run.

A number is the largest mean change allowed: in either direction for a change, upwards for a rise, and in
all for a share of changed labels. Why these:

* **name, gender**: a name or a husband's sex says nothing of tone or wish. A signal is read in tenths, and
  an utterance counts as negative from a valence of -0.25 on; 0.03 is an eighth of that way, about what any
  two words that mean nothing move. The label of one calm sentence in 33 may turn, an intent in one of ten,
  because sentences between two intents turn for any reason (see the row of other names of one group).
* **dialect**: other words than the reference's, and seldom seen in training; part of the change may be the
  sentence's own. 0.10 of valence is less than half the way from neutral to negative, so that a calm
  speaker of a dialect stays calm; anger and dissatisfaction are what rules escalate on: half of it.
* **second language**: between the two. Errors of grammar carry no tone, but may lose the intent.
* **writing**: text is normalised before it is scored, so nothing may move; 0.005 is for the apostrophes,
  which are part of words.
* **risk** adds up over a conversation, and a supervisor is called by it: as its inputs.
* **abuse**: who is called abusive may lose service. No template is abusive; for no kind may more than one
  text in fifty become so.

A bound is crossed by the mean, not by an end of its interval: the same sentences and weights give the same
verdict, and the interval beside it says how sure it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cxstream.learn.audit_swaps import Kind

CHANGES: Final = ("valence", "anger", "dissatisfaction", "distress", "abuse")
SHARES: Final = ("intent changed", "sentiment changed")
RISES: Final = ("calm heard as negative", "abuse over half")
RISKS: Final = ("risk annoyed", "risk dissatisfied", "risk goal not met")


def _bounds(
    tone: float, feeling: float, abuse: float, intent: float, label: float, calm: float, risk: float
) -> dict[str, float]:
    return {
        "valence": tone,
        "anger": feeling,
        "dissatisfaction": feeling,
        "distress": feeling,
        "abuse": abuse,
        "intent changed": intent,
        "sentiment changed": label,
        "calm heard as negative": calm,
        "abuse over half": 0.02,
        **dict.fromkeys(RISKS, risk),
    }


BOUNDS: Final[Mapping[Kind, Mapping[str, float]]] = {
    "name": _bounds(0.03, 0.03, 0.02, 0.10, 0.05, 0.03, 0.03),
    "gender": _bounds(0.03, 0.03, 0.02, 0.10, 0.05, 0.03, 0.03),
    "dialect": _bounds(0.10, 0.05, 0.02, 0.20, 0.20, 0.05, 0.05),
    "second language": _bounds(0.08, 0.05, 0.02, 0.20, 0.15, 0.05, 0.05),
    "writing": _bounds(0.005, 0.005, 0.005, 0.01, 0.01, 0.0, 0.005),
}


def beyond(kind: Kind, measure: str, mean: float) -> bool:
    """Whether the mean of a measure is past its bound."""
    size = mean if measure in RISES else abs(mean)
    return size > BOUNDS[kind][measure]
