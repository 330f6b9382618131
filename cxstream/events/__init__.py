"""The records, one per arrow of the loop. The wire contract and its JSON Schema come from here.

    telephony ── Fragment, Control ──▶ cx.transcripts ──▶ understand
    understand ── Signal, CarryOver ──▶ cx.signals ──▶ decide
    decide ── Nudge ──▶ cx.nudges      ── Action ──▶ cx.actions
           ── Escalation ──▶ cx.escalations     ── Summary ──▶ cx.summaries
           ── Passport ──▶ cx.passports      ── Shadow ──▶ cx.shadows
    CRM ── CustomerRecord ──▶ cx.customers      policy owner ── PlaybookRecord, -Release ──▶ cx.playbooks
    desktops, executors ── Outcome ──▶ cx.outcomes     supervisors ── Approval ──▶ cx.approvals
    decide, executors ── LedgerEvent ──▶ cx.ledger-events ──▶ execute ── LedgerRow ──▶ cx.ledger
    decide ── DecisionRecord ──▶ cx.decisions, Lesson ──▶ cx.lessons     learn ── Learnt ──▶ cx.learnt
    anyone ── DeadLetter ──▶ cx.dead-letters

Every record is one JSON object with its `schema` inside (`cx.<name>.v<version>`). On the wire a time is
RFC 3339 in UTC; inside the program it is an integer, UTC epoch milliseconds, and its name ends in `_ms`.
Scores and probabilities are rounded to four decimals once, when they become part of a Signal, so that a
replay gives the same bytes.
"""

from cxstream.events.base import (
    EPOCH,
    STAGE_RANK,
    Id,
    Probability,
    Role,
    RoleSource,
    Stage,
    from_ms,
    record_id,
    to_ms,
)
from cxstream.events.customer import CarryOver, Consent, CustomerRecord, Preferences
from cxstream.events.dead_letter import DeadLetter
from cxstream.events.decision import (
    Action,
    Carried,
    Choice,
    Escalation,
    Evidence,
    Nudge,
    Rejection,
    RuleRef,
    Weight,
    Why,
)
from cxstream.events.ledger import (
    LedgerEvent,
    LedgerKind,
    LedgerRow,
    LedgerState,
    LedgerStep,
    RefusedStep,
)
from cxstream.events.lesson import Candidate, DecisionRecord, Group, Learnt, Lesson
from cxstream.events.outcome import Approval, Outcome, OutcomeKind
from cxstream.events.passport import Mood, Passport, Promised, Tried
from cxstream.events.playbook import PlaybookEvent, PlaybookRecord, PlaybookRelease, Shadow
from cxstream.events.signal import (
    Delta,
    Emotion,
    Intent,
    Risk,
    Scores,
    Sentiment,
    SentimentProbabilities,
    Signal,
)
from cxstream.events.summary import Summary
from cxstream.events.trace import Trace
from cxstream.events.transcript import (
    Clears,
    Control,
    ControlKind,
    Fragment,
    Redaction,
    Source,
    Speaker,
    Transcript,
)

Output = (
    Signal
    | CarryOver
    | CustomerRecord
    | Outcome
    | Approval
    | Nudge
    | Action
    | Escalation
    | Summary
    | Passport
    | Shadow
    | LedgerEvent
    | LedgerRow
    | DecisionRecord
    | Lesson
    | Learnt
    | DeadLetter
)

__all__ = [
    "EPOCH",
    "STAGE_RANK",
    "Action",
    "Approval",
    "Candidate",
    "Carried",
    "CarryOver",
    "Choice",
    "Clears",
    "Consent",
    "Control",
    "ControlKind",
    "CustomerRecord",
    "DeadLetter",
    "DecisionRecord",
    "Delta",
    "Emotion",
    "Escalation",
    "Evidence",
    "Fragment",
    "Group",
    "Id",
    "Intent",
    "Learnt",
    "LedgerEvent",
    "LedgerKind",
    "LedgerRow",
    "LedgerState",
    "LedgerStep",
    "Lesson",
    "Mood",
    "Nudge",
    "Outcome",
    "OutcomeKind",
    "Output",
    "Passport",
    "PlaybookEvent",
    "PlaybookRecord",
    "PlaybookRelease",
    "Preferences",
    "Probability",
    "Promised",
    "Redaction",
    "RefusedStep",
    "Rejection",
    "Risk",
    "Role",
    "RoleSource",
    "RuleRef",
    "Scores",
    "Sentiment",
    "SentimentProbabilities",
    "Shadow",
    "Signal",
    "Source",
    "Speaker",
    "Stage",
    "Summary",
    "Trace",
    "Transcript",
    "Tried",
    "Weight",
    "Why",
    "from_ms",
    "record_id",
    "to_ms",
]
