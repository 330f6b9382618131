"""Did what had to come out come out, and nothing that must not? One verdict an expectation, in plain words.

A record counts for a line when its event time is not before the line's first word (`after`) and not
after the arrival of the line's last revision (`by`), in the same conversation. Withdrawals of nudges are
not nudges.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from cxstream.demo.script import Expectation, Never, Script
from cxstream.demo.speech import Moment, wire_id
from cxstream.events import Action, Escalation, Nudge, Output, Passport, Summary, to_ms

Decision = Nudge | Action | Escalation
Record = Decision | Summary | Passport
KINDS: dict[str, type[Record]] = {
    "nudge": Nudge,
    "action": Action,
    "escalation": Escalation,
    "summary": Summary,
    "passport": Passport,
}


class Verdict(Struct, frozen=True):
    """Whether one expectation was met; `text` says what was expected, and of a miss what came instead."""

    met: bool
    text: str
    nice: bool = False


def judge(script: Script, moments: dict[str, Moment], outputs: list[Output]) -> list[Verdict]:
    """One verdict for each of `expect`, `never` and `at_most`, in the order of the file.

    Outputs of other conversations are ignored, so that all stories may be judged on one stream.
    """
    ours = {wire_id(c.id) for c in script.conversations}
    told = [o for o in outputs if isinstance(o, Record) and o.conversation_id in ours]
    decisions = [o for o in told if isinstance(o, Decision) and not _withdrawal(o)]
    others = [o for o in told if isinstance(o, Summary | Passport)]
    verdicts = [_expected(e, moments, [*decisions, *others]) for e in script.expect]
    verdicts += [_never(n, moments, decisions) for n in script.nevers()]
    for kind in ("nudge", "action", "escalation"):
        most = getattr(script.at_most, kind)
        if most is not None:
            verdicts.append(_few(kind, most, decisions))
    return verdicts


def _withdrawal(record: Decision) -> bool:
    return isinstance(record, Nudge) and record.status == "withdrawn"


def _rule(record: Record) -> str:
    if isinstance(record, Passport):
        return record.cause
    return "summary" if isinstance(record, Summary) else record.why.rule.id


def _expected(
    wanted: Expectation,
    moments: dict[str, Moment],
    told: list[Record],
) -> Verdict:
    said = f"{wanted.kind} {wanted.rule}"
    if wanted.after is not None:
        said += f" at or after '{wanted.after}'"
    if wanted.by is not None:
        said += f", by '{wanted.by}'"
    if wanted.why:
        said += f" ({wanted.why})"
    if wanted.kind == "summary":
        name = wire_id(wanted.rule)
        of_rule: list[Record] = [
            s for s in told if isinstance(s, Summary) and s.conversation_id == name
        ]
    else:
        kind = KINDS[wanted.kind]
        of_rule = [d for d in told if isinstance(d, kind) and _rule(d) == wanted.rule]
    if not of_rule:
        return Verdict(False, f"missing: {said}", wanted.nice)
    faults = [_fault(record, wanted, moments) for record in of_rule]
    if None in faults:
        return Verdict(True, said, wanted.nice)
    return Verdict(False, f"wrong: {said}; it {' and it '.join(map(str, faults))}", wanted.nice)


def _fault(record: Record, wanted: Expectation, moments: dict[str, Moment]) -> str | None:
    """What is wrong with this record as an answer to the expectation; None when it will do."""
    at_ms = to_ms(record.event_time)
    conversation = wire_id(wanted.conversation) if wanted.conversation else None
    if wanted.after is not None:
        conversation = conversation or moments[wanted.after].conversation_id
    if conversation is not None and record.conversation_id != conversation:
        return f"came in {record.conversation_id}"
    if wanted.after is not None and at_ms < moments[wanted.after].start_ms:
        return f"came too early, by {(moments[wanted.after].start_ms - at_ms) / 1000:.1f} s"
    if wanted.by is not None and at_ms > moments[wanted.by].end_ms:
        return f"came too late, by {(at_ms - moments[wanted.by].end_ms) / 1000:.1f} s"
    for field, expected, found in (
        ("the action", wanted.does, getattr(record, "action", None)),
        ("needs_approval", wanted.approval, getattr(record, "needs_approval", None)),
        ("the severity", wanted.severity, getattr(record, "severity", None)),
        ("the customer", wanted.customer, record.customer_id),
        ("the agent", wanted.agent, getattr(record, "agent_id", None)),
    ):
        if expected is not None and found != expected:
            return f"came, but {field} was {found} instead of {expected}"
    missing = [i for i in wanted.intents if i not in getattr(record, "intents", ())]
    if missing:
        return f"came, but without the intent {', '.join(missing)}"
    untold = [words for words in wanted.tells if words not in _text(record)]
    if untold:
        return f"came, but did not tell: {'; '.join(untold)}"
    return None


def _text(record: Record) -> str:
    """Everything that stands in a record."""
    return msgspec.json.encode(record).decode()


def _never(never: Never, moments: dict[str, Moment], decisions: list[Decision]) -> Verdict:
    said = f"never {never.rule}"
    if never.before is not None:
        said += f" before '{never.before}'"
    if never.after is not None:
        said += f" at or after '{never.after}'"
    if never.why:
        said += f" ({never.why})"
    anchor = never.before or never.after
    where = wire_id(never.conversation) if never.conversation else None
    if where is None and anchor is not None:
        where = moments[anchor].conversation_id
    for decision in decisions:
        at_ms = to_ms(decision.event_time)
        if _rule(decision) != never.rule or where not in (None, decision.conversation_id):
            continue
        if never.before is not None and at_ms >= moments[never.before].start_ms:
            continue
        if never.after is not None and at_ms < moments[never.after].start_ms:
            continue
        words = "; ".join(f"'{e.text}'" for e in decision.why.evidence)
        kind = "a nudge" if isinstance(decision, Nudge) else f"an {type(decision).__name__.lower()}"
        return Verdict(False, f"unwanted: {said}; {kind} came at {decision.event_time}: {words}")
    return Verdict(True, said)


def _few(kind: str, most: int, decisions: list[Decision]) -> Verdict:
    found = [_rule(d) for d in decisions if isinstance(d, KINDS[kind])]
    said = f"at most {most} {kind}{'' if most == 1 else 's'} in the story"
    if len(found) <= most:
        return Verdict(True, said)
    return Verdict(False, f"too many: {said}; there were {len(found)}: {', '.join(found)}")
