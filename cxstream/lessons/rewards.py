"""What a decision earned, by rule: from the outcomes that were heard within its window to one lesson.

Two questions. Was it *taken up*? And did the conversation go *well*? Success (a reward of 1) is both:

    confirmed                     the back office did it: taken up, and that is what an action is for
    accepted, acted               taken up
    dismissed, ignored, overridden, expired, failed, compensated
                                  not taken up: the reward is 0
    later                         no answer
    undone                        takes back the answer before it
    resolved                      went well ...
    came_back, escalated, cancelled
                                  ... not, and that outweighs it

The last answer in event time holds. A nudge that was shown and never answered was ignored. What was never
even shown, and an action that nobody reported on, is *missing*: no lesson, but counted. An outcome after the
window is late and changes nothing; its decision is settled. All decisions are settled at the end of their
window, never before: bad news comes sooner than good, and who learns from it at once learns to despair.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cxstream.context.pending import Pending
from cxstream.events import Lesson, from_ms, record_id

TAKEN: Final = frozenset(("accepted", "acted", "confirmed"))
NOT_TAKEN: Final = frozenset(
    ("dismissed", "ignored", "overridden", "expired", "failed", "compensated")
)
BADLY: Final = frozenset(("came_back", "escalated", "cancelled"))
OF_THE_CONVERSATION: Final = BADLY | {"resolved"}


class Earned(NamedTuple):
    """The verdict in a word, the reward (None: nobody can say), and whether the conversation went well."""

    verdict: str
    reward: float | None
    well: bool | None


def earned(pending: Pending) -> Earned:
    """What a decision earned by all that was heard of it."""
    well = _well(pending)
    if pending.withheld:
        return Earned("withheld", None, well)
    answer = _answer(pending)
    if answer == "missing":
        return Earned("missing", None, well)
    if answer in NOT_TAKEN:
        return Earned(answer, 0.0, well)
    if answer == "confirmed":
        return Earned(answer, float(well is not False), well)
    return Earned(answer, float(well is True), well)


def lesson(pending: Pending, settled_ms: int, customer_id: str | None, tenant: str) -> Lesson:
    """The lesson of a decision whose window has closed."""
    found = earned(pending)
    values = [answer.value for answer in pending.answers if answer.value is not None]
    return Lesson(
        id=record_id("lesson", pending.decision_id),
        decision_id=pending.decision_id,
        conversation_id=pending.conversation_id,
        rule=pending.rule,
        kind=pending.kind,
        event_time=from_ms(pending.at_ms),
        settled_at=from_ms(settled_ms),
        context=pending.context,
        propensity=pending.propensity,
        verdict=found.verdict,
        reward=found.reward,
        well=found.well,
        mood=None if pending.mood is None else pending.mood / 1000,
        value=sum(values) if values else None,
        group="control" if pending.withheld else "treated",
        tenant=tenant,
        customer_id=customer_id,
    )


def _answer(pending: Pending) -> str:
    """The answer that holds: `missing` when there is none, `ignored` when there should be one."""
    standing: list[str] = []
    shown = False
    for answer in pending.answers:
        if answer.kind == "shown":
            shown = True
        elif answer.kind == "undone":
            del standing[-1:]
        elif answer.kind in TAKEN or answer.kind in NOT_TAKEN:
            standing.append(answer.kind)
    if standing:
        return standing[-1]
    return "ignored" if shown and pending.kind == "nudge" else "missing"


def _well(pending: Pending) -> bool | None:
    kinds = {answer.kind for answer in pending.answers}
    if kinds & BADLY:
        return False
    if "resolved" in kinds:
        return True
    return None if pending.mood is None else False
