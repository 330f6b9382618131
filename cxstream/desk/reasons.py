"""Why does a conversation stand where it stands on the floor? In words a supervisor can check."""

from __future__ import annotations

from collections.abc import Callable

from cxstream.desk.conversations import LiveConversation

REASONS_SHOWN = 3
_SEVERITY = {"low": 0.1, "medium": 0.3, "high": 0.6, "critical": 1.0}

Reason = tuple[float, str]
"""How much it weighs, and the words."""


def reasons(conversation: LiveConversation, open_severities: list[str]) -> tuple[str, ...]:
    """The heaviest reasons for attention, most first; none when all is well."""
    found = [reason for ask in _ASKS if (reason := ask(conversation)) is not None]
    if open_severities:
        count = len(open_severities)
        found.append((2.0, "escalated" if count == 1 else f"escalated {count} times"))
    found.sort(key=lambda reason: -reason[0])
    return tuple(words for _, words in found[:REASONS_SHOWN])


def weight(conversation: LiveConversation, open_severities: list[str]) -> float:
    """What the floor is sorted by: the risk, and over every risk an escalation that nobody took."""
    if conversation.state == "ended" and not open_severities:
        return -1.0
    escalated = max((1.0 + _SEVERITY.get(s, 0.0) for s in open_severities), default=0.0)
    return round(escalated + conversation.number("risk"), 4)


def _risk(c: LiveConversation) -> Reason | None:
    risk = c.number("risk")
    return (0.8 * risk, f"risk {risk:.0%}") if risk >= 0.35 else None


def _falling(c: LiveConversation) -> Reason | None:
    trend = c.number("trend")
    return (min(1.0, -trend), f"tone fell by {-trend:.1f}") if trend <= -0.3 else None


def _negative_run(c: LiveConversation) -> Reason | None:
    run = int(c.number("negative_run"))
    return (0.2 * run, f"{run} negative turns in a row") if run >= 3 else None


def _angry(c: LiveConversation) -> Reason | None:
    anger = c.number("anger_max")
    return (anger, f"anger up to {anger:.0%}") if anger >= 0.6 else None


def _distress(c: LiveConversation) -> Reason | None:
    distress = c.number("distress_max")
    return (distress + 0.1, f"distress up to {distress:.0%}") if distress >= 0.6 else None


def _abuse(c: LiveConversation) -> Reason | None:
    turns = int(c.number("abusive_turns"))
    return (0.9 + 0.1 * turns, f"abusive {_times(turns)}") if turns else None


def _repeats(c: LiveConversation) -> Reason | None:
    times = int(c.number("repeats"))
    return (0.3 + 0.1 * times, f"repeated themselves {_times(times)}") if times else None


def _transfers(c: LiveConversation) -> Reason | None:
    times = int(c.number("transfers"))
    return (0.2 * times, f"transferred {_times(times)}") if times else None


def _hold(c: LiveConversation) -> Reason | None:
    seconds = int(c.number("hold_s"))
    return (min(0.9, seconds / 300), f"on hold for {seconds} s") if seconds >= 60 else None


def _silence(c: LiveConversation) -> Reason | None:
    seconds = int(c.number("gap_s"))
    return (min(0.6, seconds / 120), f"{seconds} s of silence") if seconds >= 20 else None


def _talked_over(c: LiveConversation) -> Reason | None:
    times = int(c.number("interruptions"))
    return (0.1 * times, f"talked over each other {_times(times)}") if times >= 3 else None


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


_ASKS: tuple[Callable[[LiveConversation], Reason | None], ...] = (
    _risk,
    _falling,
    _negative_run,
    _angry,
    _distress,
    _abuse,
    _repeats,
    _transfers,
    _hold,
    _silence,
    _talked_over,
)
