"""A shift on the floor: the bundled stories at the same time and over and over, for a desk to show.

A *seat* is an agent who takes one story after the other, so that a desktop is never empty for long. The
stories happen now: their own gaps, divided by the pace, count from the moment each begins; the last agent of
a story is the one on the seat.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import count

from msgspec.structs import replace

from cxstream.demo.story import Story
from cxstream.events import Control, Fragment, Transcript, from_ms, to_ms

SEATS = ("a-tom", "a-lena", "a-omar", "a-ben", "a-ines", "a-ravi")
TENANT = "demo"
PAUSE_MAX_MS = 25_000
"""Hours lie between some conversations of a story; nobody wants to wait for them."""

BETWEEN_STORIES_S = 3.0

Send = Callable[[Transcript], Awaitable[None]]


async def play(
    stories: Sequence[Story], send: Send, *, pace: float, clock_ms: Callable[[], int]
) -> None:
    """Play until cancelled; every seat begins with another story."""
    async with asyncio.TaskGroup() as seats:
        for number, agent in enumerate(SEATS):
            theirs = stories[number :: len(SEATS)]
            if theirs:
                seats.create_task(_seat(agent, theirs, send, pace, clock_ms))


async def _seat(
    agent: str, stories: Sequence[Story], send: Send, pace: float, clock_ms: Callable[[], int]
) -> None:
    for turn in count():
        for story in stories:
            async for record in happening(story, agent, turn, pace, clock_ms):
                await send(record)
            await asyncio.sleep(BETWEEN_STORIES_S)


async def happening(
    story: Story, agent: str, turn: int, pace: float, clock_ms: Callable[[], int]
) -> AsyncIterator[Transcript]:
    """The records of a story, each when it is time for it, as of now."""
    records = story.records()
    last_agent = next((r.agent_id for r in reversed(records) if r.agent_id), None)
    began_ms, before_ms, due_ms = clock_ms(), None, 0.0
    for record in records:
        at_ms = to_ms(record.event_time) if record.event_time else before_ms
        if at_ms is not None:
            gap_ms = at_ms - (before_ms if before_ms is not None else at_ms)
            due_ms += min(max(0, gap_ms), PAUSE_MAX_MS) / pace
            before_ms = max(before_ms or at_ms, at_ms)
        await asyncio.sleep(max(0.0, (began_ms + due_ms - clock_ms()) / 1000))
        yield _now(record, agent, last_agent, turn, began_ms + round(due_ms))


def _now(
    record: Transcript, agent: str, last_agent: str | None, turn: int, at_ms: int
) -> Transcript:
    who = agent if record.agent_id == last_agent else record.agent_id
    conversation = record.conversation_id if not turn else f"{record.conversation_id}-{turn + 1}"
    when = from_ms(at_ms)
    if isinstance(record, Fragment):
        # the media clock would tell of the recorded pace
        return replace(
            record,
            conversation_id=conversation,
            agent_id=who,
            tenant=TENANT,
            event_time=when,
            ingest_time=when,
            start_ms=None,
            end_ms=None,
            clock_origin=None,
        )
    assert isinstance(record, Control)
    return replace(
        record,
        conversation_id=conversation,
        agent_id=who,
        tenant=TENANT,
        event_time=when,
        ingest_time=when,
    )
