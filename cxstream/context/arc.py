"""How a conversation goes: a fold over its entries in event order, O(1) an entry, of bounded size.

An arc is what playbooks, risk models and supervisors read as the facts of a conversation. Each entry also
yields its *measures*: what it adds to the customer's windows (see `windows`). Both are functions of the
entries in order and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from cxstream.context.entry import TOPIC_PROBABILITY, UTTERANCE, Entry, milli
from cxstream.events import ControlKind, Risk, Role

RiskModel = Callable[[Mapping[str, object]], Risk]
"""From the facts of a conversation to its risk; owned by `understand`, handed in from outside."""

Measures = dict[str, int]

NOT_TOPICS = frozenset(
    ("greeting", "goodbye", "thanks", "affirm", "deny", "provide_info", "out_of_scope", "")
)
NEGATIVE = -250
"""A valence under this (in thousandths) is a negative utterance, over its opposite a positive one."""
_ABUSIVE = 500
_CONFUSED = 500
_SILENCE_MS = 3_000
_INTERRUPTION_MS = 400
_REPEAT_MEMORY = 6
_REPEAT_WORDS = 3
_REPEAT_SHARE = 0.6
_TOPICS_KEPT = 12


class Arc(Struct, array_like=True):
    """The running facts of a conversation; valences and emotions in thousandths, times in milliseconds."""

    entries: int = 0
    channel: str = ""
    started_ms: int = 0
    last_ms: int = 0
    ended_ms: int = 0
    end_reason: str = ""
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
    repeats: int = 0
    said: tuple[tuple[int, ...], ...] = ()
    topics: dict[str, int] = {}
    unresolved: tuple[str, ...] = ()
    transfers: int = 0
    holds: int = 0
    hold_ms: int = 0
    hold_since_ms: int = 0
    customer_talk_ms: int = 0
    agent_talk_ms: int = 0
    silence_ms: int = 0
    gap_ms: int = 0
    interruptions: int = 0
    media_end_ms: int = -1
    customer_start_ms: int = -1
    customer_end_ms: int = -1
    annoyed: int = 0
    dissatisfied: int = 0
    goal_not_met: int = 0
    risk_highest: int = 0

    def take(self, entry: Entry, risk: RiskModel) -> Measures:
        """Fold the next entry in (entries must come in order) and return what it adds to the windows."""
        measures: Measures = {}
        if not self.entries:
            self.started_ms = entry.at_ms
        if entry.channel and not self.channel:
            self.channel = entry.channel
            measures[f"c:{entry.channel}"] = 1
        self.entries += 1
        _FOLDS.get(entry.kind, _ignore)(self, entry, measures)
        self.last_ms = max(self.last_ms, entry.at_ms)
        if entry.scored and entry.role == Role.CUSTOMER:
            self._weigh(risk, measures)
        return measures

    def take_late(self, entry: Entry) -> Measures:
        """Count an entry that came too late for its place: only what does not depend on order."""
        if entry.kind != UTTERANCE:
            return {}
        measures: Measures = {}
        self.entries += 1
        _count_turn(self, entry)
        if entry.scored and entry.role == Role.CUSTOMER:
            _count_tone(self, entry, measures)
        return measures

    def _weigh(self, risk: RiskModel, measures: Measures) -> None:
        now = risk(facts(self))
        self.annoyed = milli(now.annoyed)
        self.dissatisfied = milli(now.dissatisfied)
        self.goal_not_met = milli(now.goal_not_met)
        level = max(self.annoyed, self.dissatisfied, self.goal_not_met)
        self.risk_highest = max(self.risk_highest, level)
        measures[f"r{min(9, level // 100)}"] = 1

    def copy(self) -> Arc:
        """An independent copy; only `topics` is mutable inside."""
        twin = Arc(*(getattr(self, name) for name in _FIELDS))
        twin.topics = dict(self.topics)
        return twin


_FIELDS = Arc.__struct_fields__


def _ignore(arc: Arc, entry: Entry, measures: Measures) -> None:
    """Heartbeats, deletions and speaker revisions move nothing by themselves."""


def _utterance(arc: Arc, entry: Entry, measures: Measures) -> None:
    _time_speech(arc, entry, measures)
    _count_turn(arc, entry)
    if entry.role != Role.CUSTOMER:
        return
    _notice_repeat(arc, entry)
    if entry.scored:
        _count_tone(arc, entry, measures)
        _follow_tone(arc, entry)


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
    arc.scored_turns += 1
    arc.valence_sum += entry.valence
    arc.valence_min = min(arc.valence_min, entry.valence)
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
    if _is_topic(entry):
        measures[f"i:{entry.intent}"] = 1
        if entry.intent in arc.topics or len(arc.topics) < _TOPICS_KEPT:
            arc.topics[entry.intent] = arc.topics.get(entry.intent, 0) + 1


def _follow_tone(arc: Arc, entry: Entry) -> None:
    """Runs, the last three valences, what is still open: the part that depends on order."""
    arc.last_valences = (*arc.last_valences[-2:], entry.valence)
    arc.negative_run = arc.negative_run + 1 if entry.valence < NEGATIVE else 0
    arc.positive_run = arc.positive_run + 1 if entry.valence > -NEGATIVE else 0
    if _is_topic(entry):
        if entry.intent not in arc.unresolved:
            arc.unresolved = (*arc.unresolved, entry.intent)[-_TOPICS_KEPT:]
    elif entry.intent == "thanks" and entry.valence > NEGATIVE:
        arc.unresolved = ()


def _is_topic(entry: Entry) -> bool:
    return entry.probability >= TOPIC_PROBABILITY * 1000 and entry.intent not in NOT_TOPICS


def _notice_repeat(arc: Arc, entry: Entry) -> None:
    words = set(entry.sketch)
    if len(words) < _REPEAT_WORDS:
        return
    for earlier in arc.said:
        common = len(words.intersection(earlier))
        if common >= _REPEAT_SHARE * len(words.union(earlier)):
            arc.repeats += 1
            break
    arc.said = (*arc.said[1 - _REPEAT_MEMORY :], entry.sketch)


def _time_speech(arc: Arc, entry: Entry, measures: Measures) -> None:
    """Talk, silence and interruptions on the media clock; without one only the gap between messages."""
    if entry.start_ms < 0:
        arc.gap_ms = max(0, entry.at_ms - arc.last_ms) if arc.last_ms else 0
        return
    talk = entry.end_ms - entry.start_ms
    if entry.role == Role.CUSTOMER:
        arc.customer_talk_ms += talk
        measures["tc"] = talk
    elif entry.role == Role.AGENT:
        arc.agent_talk_ms += talk
        measures["ta"] = talk
        if (
            arc.customer_start_ms < entry.start_ms
            and entry.start_ms + _INTERRUPTION_MS <= arc.customer_end_ms
        ):
            arc.interruptions += 1
            measures["x"] = 1
    arc.gap_ms = max(0, entry.start_ms - arc.media_end_ms) if arc.media_end_ms >= 0 else 0
    if arc.gap_ms >= _SILENCE_MS:
        arc.silence_ms += arc.gap_ms
        measures["si"] = arc.gap_ms
    arc.media_end_ms = max(arc.media_end_ms, entry.end_ms)
    if entry.role == Role.CUSTOMER:
        arc.customer_start_ms, arc.customer_end_ms = entry.start_ms, entry.end_ms


def _ended(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.ended_ms = entry.at_ms


def _hold(arc: Arc, entry: Entry, measures: Measures) -> None:
    if not arc.hold_since_ms:
        arc.holds += 1
        arc.hold_since_ms = entry.at_ms


def _resume(arc: Arc, entry: Entry, measures: Measures) -> None:
    if arc.hold_since_ms:
        arc.hold_ms += max(0, entry.at_ms - arc.hold_since_ms)
        arc.hold_since_ms = 0


def _transfer(arc: Arc, entry: Entry, measures: Measures) -> None:
    arc.transfers += 1
    _resume(arc, entry, measures)


_FOLDS: dict[str, Callable[[Arc, Entry, Measures], None]] = {
    UTTERANCE: _utterance,
    ControlKind.ENDED.value: _ended,
    ControlKind.HOLD.value: _hold,
    ControlKind.RESUME.value: _resume,
    ControlKind.TRANSFER.value: _transfer,
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
    talk = arc.customer_talk_ms + arc.agent_talk_ms
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
        "risk": max(arc.annoyed, arc.dissatisfied, arc.goal_not_met) / 1000,
        "risk_highest": arc.risk_highest / 1000,
        "annoyed": arc.annoyed / 1000,
        "dissatisfied": arc.dissatisfied / 1000,
        "goal_not_met": arc.goal_not_met / 1000,
        "repeats": arc.repeats,
        "intents": list(arc.topics),
        "intent_counts": dict(arc.topics),
        "unresolved": list(arc.unresolved),
        "transfers": arc.transfers,
        "holds": arc.holds,
        "hold_s": arc.hold_ms // 1000,
        "on_hold": arc.hold_since_ms > 0,
        "gap_s": arc.gap_ms // 1000,
        "silence_share": _share(arc.silence_ms, talk + arc.silence_ms),
        "agent_talk_share": _share(arc.agent_talk_ms, talk),
        "interruptions": arc.interruptions,
        "has_agent": arc.agent_turns > 0,
        "has_bot": arc.bot_turns > 0,
        "bot_only": arc.bot_turns > 0 and arc.agent_turns == 0,
        "ended": arc.ended_ms > 0,
    }
