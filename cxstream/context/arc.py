"""How a conversation goes: a fold over its entries in event order, O(1) an entry, of bounded size.

An arc is what playbooks, risk models and supervisors read as the facts of a conversation. Each entry also
yields its *measures*: what it adds to the customer's windows (see `windows`). Both are functions of the
entries in order and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

from msgspec import Struct, field

from cxstream.context.entry import NEGATIVE, UTTERANCE, Entry, Measures, milli
from cxstream.context.foresight import Foresight, Said
from cxstream.context.speech import Speech
from cxstream.context.topics import Topics
from cxstream.events import ControlKind, Role

RECENT = 3
"""How many of the customer's utterances make the level; the trend is the level less all before them."""

_ABUSIVE = 500
_CONFUSED = 500
_CHANNELS = frozenset(("voice", "chat", "sms", "email", "whatsapp", "social", "video"))


class Arc(Struct, array_like=True):
    """The running facts of a conversation; valences and emotions in thousandths, times in milliseconds.

    `memory` is what the model that foresees (see `foresight`) remembers of the utterances so far.
    """

    entries: int = 0
    channel: str = ""
    started_ms: int = 0
    last_ms: int = 0
    ended_ms: int = 0
    customer_turns: int = 0
    agent_turns: int = 0
    bot_turns: int = 0
    scored_turns: int = 0
    valence_sum: int = 0
    valence_min: int = 0
    last_valences: tuple[int, ...] = ()
    negative_turns: int = 0
    negative_run: int = 0
    positive_run: int = 0
    anger_max: int = 0
    dissatisfaction_max: int = 0
    distress_max: int = 0
    abuse_max: int = 0
    abusive_turns: int = 0
    confused_turns: int = 0
    transfers: int = 0
    annoyed: int = 0
    dissatisfied: int = 0
    goal_not_met: int = 0
    risk_highest: int = 0
    speech: Speech = field(default_factory=Speech)
    topics: Topics = field(default_factory=Topics)
    # new fields go to the end: states that were written without them can then still be read
    risk: int = 0
    memory: bytes = b""

    def take(self, entry: Entry, foresight: Foresight) -> Measures:
        """Fold the next entry in (entries must come in order) and return what it adds to the windows."""
        measures: Measures = {}
        if entry.deleted:
            return measures
        if not self.entries:
            self.started_ms = entry.at_ms
        if entry.channel and not self.channel:
            self.channel = entry.channel
            measures["c:" + (entry.channel if entry.channel in _CHANNELS else "other")] = 1
        self.entries += 1
        self.last_ms = max(self.last_ms, entry.at_ms)
        repeats = self.topics.repeats
        _FOLDS.get(entry.kind, _ignore)(self, entry, measures)
        if entry.kind == UTTERANCE:
            said = Said(entry, self.speech.gap_ms, self.topics.repeats > repeats)
            self.memory = foresight.follow(self.memory, said)
            if entry.scored and entry.role == Role.CUSTOMER:
                self._weigh(foresight, measures)
        return measures

    def take_late(self, entry: Entry) -> Measures:
        """Count an entry that came too late for its place: only what does not depend on order."""
        measures: Measures = {}
        if not entry.deleted:
            self.entries += 1
            _LATE_FOLDS.get(entry.kind, _ignore)(self, entry, measures)
        return measures

    def copy(self) -> Arc:
        """An independent copy."""
        twin = copy(self)
        twin.speech = copy(self.speech)
        twin.topics = copy(self.topics)
        twin.topics.counts = dict(self.topics.counts)
        return twin

    def _weigh(self, foresight: Foresight, measures: Measures) -> None:
        now = foresight.outlook(self.memory, facts(self))
        self.annoyed = milli(now.risk.annoyed)
        self.dissatisfied = milli(now.risk.dissatisfied)
        self.goal_not_met = milli(now.risk.goal_not_met)
        self.risk = milli(now.level)
        self.risk_highest = max(self.risk_highest, self.risk)
        measures[f"r{min(9, self.risk // 100)}"] = 1


def _utterance(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.speech.said(entry, measures)
    _count_turn(arc, entry)
    if entry.role != Role.CUSTOMER:
        return
    arc.topics.notice_repeat(entry)
    if entry.scored:
        _count_tone(arc, entry, measures)
        _follow_tone(arc, entry)


def _utterance_late(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.speech.talked(entry, measures)
    _count_turn(arc, entry)
    if entry.scored and entry.role == Role.CUSTOMER:
        _count_tone(arc, entry, measures)


def _count_turn(arc: Arc, entry: Entry) -> None:
    if entry.role == Role.CUSTOMER:
        arc.customer_turns += 1
    elif entry.role == Role.AGENT:
        arc.agent_turns += 1
    elif entry.role == Role.BOT:
        arc.bot_turns += 1


def _count_tone(arc: Arc, entry: Entry, measures: Measures) -> None:
    """Sums and maxima: the part of an utterance's tone that does not depend on order."""
    negative = entry.valence < NEGATIVE
    arc.valence_min = min(arc.valence_min, entry.valence) if arc.scored_turns else entry.valence
    arc.scored_turns += 1
    arc.valence_sum += entry.valence
    arc.negative_turns += negative
    arc.anger_max = max(arc.anger_max, entry.anger)
    arc.dissatisfaction_max = max(arc.dissatisfaction_max, entry.dissatisfaction)
    arc.distress_max = max(arc.distress_max, entry.distress)
    arc.abuse_max = max(arc.abuse_max, entry.abuse)
    arc.abusive_turns += entry.abuse >= _ABUSIVE
    arc.confused_turns += entry.confusion >= _CONFUSED
    measures["n"] = 1
    measures["v"] = entry.valence
    if negative:
        measures["neg"] = 1
    arc.topics.count(entry, measures)


def _follow_tone(arc: Arc, entry: Entry) -> None:
    """Runs, the last valences, what is still open: the part that depends on order."""
    arc.last_valences = (*arc.last_valences[1 - RECENT :], entry.valence)
    arc.negative_run = arc.negative_run + 1 if entry.valence < NEGATIVE else 0
    arc.positive_run = arc.positive_run + 1 if entry.valence > -NEGATIVE else 0
    arc.topics.follow(entry)


def _ended(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.ended_ms = max(arc.ended_ms, entry.at_ms)
    arc.speech.resume(entry.at_ms)


def _hold(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.speech.hold(entry.at_ms)


def _resume(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.speech.resume(entry.at_ms)


def _transfer(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.transfers += 1
    arc.speech.resume(entry.at_ms)
    arc.speech.restart_clock()


def _ended_late(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.ended_ms = max(arc.ended_ms, entry.at_ms)


def _transfer_late(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.transfers += 1


def _ignore(arc: Arc, entry: Entry, measures: Measures) -> None:
    """What moves nothing by itself: that it started, who takes part, who spoke."""


_Fold = Callable[[Arc, Entry, Measures], None]
_FOLDS: dict[str, _Fold] = {
    UTTERANCE: _utterance,
    ControlKind.ENDED.value: _ended,
    ControlKind.HOLD.value: _hold,
    ControlKind.RESUME.value: _resume,
    ControlKind.TRANSFER.value: _transfer,
}
_LATE_FOLDS: dict[str, _Fold] = {
    UTTERANCE: _utterance_late,
    ControlKind.ENDED.value: _ended_late,
    ControlKind.TRANSFER.value: _transfer_late,
}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole > 0 else 0.0


def facts(arc: Arc) -> dict[str, object]:
    """The facts of a conversation by name, as playbooks and risk models read them.

    Shares and scores run from 0 to 1, valences from -1 to 1, times are whole seconds.
    """
    recent = arc.last_valences
    level = sum(recent) / len(recent) / 1000 if recent else 0.0
    earlier = arc.scored_turns - len(recent)
    before = (arc.valence_sum - sum(recent)) / earlier / 1000 if earlier > 0 else level
    speech, topics = arc.speech, arc.topics
    talk = speech.customer_ms + speech.agent_ms
    return {
        "channel": arc.channel,
        "age_s": max(0, arc.last_ms - arc.started_ms) // 1000,
        "customer_turns": arc.customer_turns,
        "agent_turns": arc.agent_turns,
        "bot_turns": arc.bot_turns,
        "level": round(level, 4),
        "trend": round(level - before, 4),
        "mean_valence": _share(arc.valence_sum, arc.scored_turns * 1000),
        "min_valence": arc.valence_min / 1000,
        "negative_share": _share(arc.negative_turns, arc.scored_turns),
        "negative_run": arc.negative_run,
        "positive_run": arc.positive_run,
        "anger_max": arc.anger_max / 1000,
        "dissatisfaction_max": arc.dissatisfaction_max / 1000,
        "distress_max": arc.distress_max / 1000,
        "abuse_max": arc.abuse_max / 1000,
        "abusive_turns": arc.abusive_turns,
        "confused_turns": arc.confused_turns,
        "risk": arc.risk / 1000,
        "risk_highest": arc.risk_highest / 1000,
        "annoyed": arc.annoyed / 1000,
        "dissatisfied": arc.dissatisfied / 1000,
        "goal_not_met": arc.goal_not_met / 1000,
        "repeats": topics.repeats,
        "intents": list(topics.counts),
        "intent_counts": dict(topics.counts),
        "unresolved": topics.still_open(person_came=arc.bot_turns > 0 and arc.agent_turns > 0),
        "transfers": arc.transfers,
        "holds": speech.holds,
        "hold_s": speech.hold_ms // 1000,
        "on_hold": speech.hold_since_ms > 0,
        "gap_s": speech.gap_ms // 1000,
        "silence_share": _share(speech.silence_ms, talk + speech.silence_ms),
        "agent_talk_share": _share(speech.agent_ms, talk),
        "interruptions": speech.interruptions,
        "has_agent": arc.agent_turns > 0,
        "has_bot": arc.bot_turns > 0,
        "bot_only": arc.bot_turns > 0 and arc.agent_turns == 0,
        "ended": arc.ended_ms > 0,
    }
