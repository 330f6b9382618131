"""A crash at any point of a batch of lessons: what is believed is the same to the bit, nothing counts twice.

The agent of `cx.lessons` publishes what it believes, then writes its state, then acknowledges
(`engine.agent`). Here that order is played with the agent's own parts, and ends after any of the three.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from cxstream.events import Learnt, Lesson, from_ms
from cxstream.lessons.beliefs import as_record, taught, teaches
from cxstream.lessons.features import FEATURES
from cxstream.lessons.propensity import Propensity

START_MS = 1_790_000_000_000
CRASHES = ("before", "published", "written", "never")
"""What of a batch is done when the process dies: nothing, its outputs, its state too, or it does not die."""


def lesson(number: int) -> Lesson:
    """One in nine teaches nothing: it is of the control group, or nobody can say what it was worth."""
    return Lesson(
        id=f"lesson-{number}",
        decision_id=f"nudge-{number}",
        conversation_id=f"c-{number}",
        rule="r",
        kind="nudge",
        event_time=from_ms(START_MS + number),
        settled_at=from_ms(START_MS + number),
        context=tuple(round(((number * (n + 3)) % 17) / 8.5 - 1, 4) for n in range(len(FEATURES))),
        propensity=1.0,
        verdict="accepted",
        reward=None if number % 9 == 8 else float(number % 3 == 0),
        group="control" if number % 9 == 4 else "treated",
    )


def worked(state: bytes | None, batch: Sequence[Lesson]) -> tuple[list[Learnt], bytes | None]:
    """What a batch publishes and what state it leaves, as `engine.lesson_agent` does it."""
    model = Propensity.restore(state) if state else Propensity()
    said = [one for one in batch if teaches(one)]
    for one in said:
        taught(model, one)
    if not said:
        return [], state
    return [as_record("r", model, said[-1])], model.snapshot()


batches = st.lists(st.tuples(st.integers(1, 5), st.sampled_from(CRASHES)), min_size=1, max_size=8)


@settings(deadline=None)  # river takes its time to be imported
@given(batches, st.data())
def test_a_crash_anywhere_changes_no_bit(plan: list[tuple[int, str]], data: st.DataObject) -> None:
    lessons = [lesson(n) for n in range(sum(size for size, _ in plan))]
    again = data.draw(st.lists(st.sampled_from(lessons), max_size=4), "sent again at the end")
    stream = [*lessons, *again]

    after: dict[int, bytes] = {}
    whole = Propensity()
    for one in stream:
        taught(whole, one)
        after[whole.lessons] = whole.snapshot()

    state: bytes | None = None
    published: list[Learnt] = []
    committed, steps = 0, [*plan, (len(stream), "never")]
    for size, crash in steps:
        outs, new = worked(state, stream[committed : committed + size])
        if crash != "before":
            published += outs
        if crash in ("written", "never"):
            state = new
        if crash == "never":
            committed = min(len(stream), committed + size)
    assert committed == len(stream)

    assert (Propensity.restore(state) if state else Propensity()).snapshot() == whole.snapshot()
    assert all(one.state == after[one.lessons] for one in published)
    by_id = {one.id: one for one in published}
    assert all(by_id[one.id] == one for one in published), "what is published again is the same"
