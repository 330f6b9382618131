"""The STAR dialogues as conversations: real pacing, real customers, some of them marked as annoyed.

One line of the file is one dialogue. It becomes a chat `star:<dialogue>`: a start, every turn of customer
and agent as a final fragment, an end. Back-office queries (`action` turns) are nothing that was said and
are left out; the number in a fragment's id is the turn's place in the dialogue, queries included.

Dialogue n of a file starts 20 seconds after dialogue n-1, from a fixed instant, so that a replay has many
conversations at once and is the same every time. What the participants said of the dialogue afterwards
goes as labels (`gold.user_annoyed`, ...) on the start: for evaluation to compare with; nothing in the
pipeline may read a label that begins with `gold.`.

Source: Mosig, Mehri, Kober: STAR: A Schema-Guided Dialog Dataset for Transfer Learning (2020), MIT licence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from cxstream.errors import UNREADABLE, RecordError
from cxstream.events import (
    Control,
    ControlKind,
    Fragment,
    Role,
    Source,
    Speaker,
    Transcript,
    from_ms,
)
from cxstream.listen.decode import MAX_TEXT, clean_text
from cxstream.listen.faults import explain
from cxstream.listen.files import OnUnreadable, lines, open_bytes, unreadable

START_MS = 1_767_603_600_000
"""2026-01-05T09:00:00Z, a Monday morning: when the first dialogue of a file starts."""

STAGGER_MS = 20_000
AGENT_ID = "star-agent"
_SOURCE = Source(vendor="star", connector="replay")
_SPEAKERS = {
    "customer": Speaker(role=Role.CUSTOMER),
    "agent": Speaker(role=Role.AGENT, id=AGENT_ID),
}


class _Turn(Struct):
    t: float
    s: Literal["customer", "agent", "action"]
    x: str


class _Dialogue(Struct):
    dialogue: int | str
    turns: list[_Turn]
    completion: str = ""
    labels: dict[str, bool | None] = {}


_DECODER = msgspec.json.Decoder(_Dialogue)


def read_star(path: Path, *, on_unreadable: OnUnreadable | None = None) -> Iterator[Transcript]:
    """All dialogues of a file as one stream in the order of event time. See `files.Reader` for errors.

    The whole file is held: a few thousand dialogues of a few kilobytes.
    """
    records: list[Transcript] = []
    with open_bytes(path) as file:
        for number, line in lines(file):
            index = number - 1
            try:
                dialogue = _decode(line)
            except RecordError as error:
                unreadable(line, f"{path.name}:{index + 1}", error, on_unreadable)
            else:
                records.extend(_records(dialogue, START_MS + index * STAGGER_MS))
    records.sort(key=_time)
    yield from records


def _decode(line: bytes) -> _Dialogue:
    try:
        return _DECODER.decode(line)
    except UNREADABLE as error:
        raise explain(error, line) from None


def _time(record: Transcript) -> float:
    assert record.event_time is not None
    return record.event_time.timestamp()


def _records(dialogue: _Dialogue, start_ms: int) -> Iterator[Transcript]:
    conversation_id = f"star:{dialogue.dialogue}"
    yield Control(
        conversation_id=conversation_id,
        type=ControlKind.STARTED,
        event_time=from_ms(start_ms),
        source=_SOURCE,
        channel="chat",
        agent_id=AGENT_ID,
        labels={
            f"gold.{name}": str(said).lower()
            for name, said in dialogue.labels.items()
            if said is not None
        },
    )
    latest_s = 0.0
    for place, turn in enumerate(dialogue.turns):
        latest_s = max(latest_s, turn.t)
        if turn.s == "action":
            continue
        yield Fragment(
            conversation_id=conversation_id,
            fragment_id=f"{conversation_id}:{place}",
            text=clean_text(turn.x)[:MAX_TEXT],
            speaker=_SPEAKERS[turn.s],
            channel="chat",
            event_time=from_ms(start_ms + round(latest_s * 1000)),
            source=_SOURCE,
            language="en",
            agent_id=AGENT_ID,
        )
    yield Control(
        conversation_id=conversation_id,
        type=ControlKind.ENDED,
        event_time=from_ms(start_ms + round(latest_s * 1000)),
        source=_SOURCE,
        channel="chat",
        agent_id=AGENT_ID,
        reason="completed" if dialogue.completion == "Complete" else "failed",
    )
