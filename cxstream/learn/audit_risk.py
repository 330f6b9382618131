"""The risk of a conversation that was never on a topic: turns in, the risk after the last one out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxstream.context.arc import Arc
from cxstream.context.entry import utterance_entry
from cxstream.context.foresight import Foresight
from cxstream.events import Fragment, Risk, Speaker
from cxstream.learn.audit_swaps import Said
from cxstream.understand.scorer import Scorer, readings

_START_MS: Final = 1_700_000_000_000
_TURN_MS: Final = 15_000


def conversation_risk(turns: Sequence[Said], scorer: Scorer, foresight: Foresight) -> Risk:
    """The risk as the last turn leaves it, the turns being a quarter of a minute apart.

    All turns are scored in one pass, as a batch of the engine would.
    """
    arc = Arc()
    read = readings(scorer, [text for _, text in turns])
    for place, ((role, text), known) in enumerate(zip(turns, read, strict=True)):
        said = Fragment("audit", f"{place:05}", text, speaker=Speaker(role), channel="chat")
        at_ms = _START_MS + place * _TURN_MS
        entry = utterance_entry(said, at_ms, known.scores, gist=known.gist)
        arc.take(entry, foresight)
    return Risk(arc.annoyed / 1000, arc.dissatisfied / 1000, arc.goal_not_met / 1000)
