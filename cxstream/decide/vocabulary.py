"""The words that playbooks may use: events, intents, variables and their fields.

A condition or text that names anything else is refused when the playbook is loaded, with the nearest
word that exists; a misspelt field must never be a rule that silently does not fire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from msgspec import Struct

from cxstream.events import ControlKind, Role

UTTERANCE = "utterance"
EVENTS: dict[str, tuple[str, str]] = {
    **{f"{role.value}_utterance": (UTTERANCE, role.value) for role in Role},
    "conversation_started": (ControlKind.STARTED.value, ""),
    "conversation_updated": (ControlKind.UPDATED.value, ""),
    "conversation_ended": (ControlKind.ENDED.value, ""),
    "hold": (ControlKind.HOLD.value, ""),
    "resume": (ControlKind.RESUME.value, ""),
    "transfer": (ControlKind.TRANSFER.value, ""),
}
"""What a rule may be `on`: the kind of a moment, and the role that speaks ("" for control events)."""

NOTTOPICS = ("greeting", "goodbye", "thanks", "affirm", "deny", "provide_info", "out_of_scope")
TOPICS = tuple(
    (
        "speak_to_human cancel_service billing_dispute refund_request payment_or_transfer"
        " fees_and_pricing balance_or_statement order_or_delivery_status start_or_order"
        " change_or_upgrade account_access account_update verify_identity lost_or_stolen fraud_report"
        " technical_problem claim_or_accident book_appointment find_location information_request"
    ).split()
)
INTENTS = (*NOTTOPICS, *TOPICS)


class Field(Struct, frozen=True):
    """A fact that a rule may read: a value like those it can have, and what it means.

    `open` marks a map whose keys nobody can list (the CRM's attributes, counts by intent); `choices` the
    only words that a text, or the members of a list, can be.
    """

    example: object
    means: str
    open: bool = False
    choices: tuple[str, ...] = ()


_WINDOW: dict[str, Field] = {
    "utterances": Field(4, "customer utterances"),
    "level": Field(-0.3, "mean valence, -1 to 1"),
    "trend": Field(-0.2, "level of the newer half less that of the older half"),
    "negative_share": Field(0.5, "share of negative utterances, 0 to 1"),
    "risk_highest": Field(0.6, "highest risk, 0 to 1"),
    "contacts": Field(2, "conversations"),
    "contacts_by_channel": Field({"voice": 1, "chat": 1}, "conversations by channel", open=True),
    "intents": Field({"billing_dispute": 2}, "utterances by topic", open=True),
    "agent_talk_share": Field(0.5, "share of speech that was the agent's, 0 to 1"),
    "silence_share": Field(0.1, "share of silence, 0 to 1"),
    "interruptions": Field(1, "times an agent spoke over the customer"),
}

_KINDS = (UTTERANCE, *(kind.value for kind in ControlKind))
_EVENT: dict[str, Field] = {
    "kind": Field(UTTERANCE, "utterance, or the type of a control event", choices=_KINDS),
    "role": Field(
        "customer",
        "who spoke; empty for control events",
        choices=("", *(role.value for role in Role)),
    ),
    "reason": Field("completed", "reason of a control event, else empty"),
}

_UTTERANCE: dict[str, Field] = {
    "text": Field("my bill is wrong", "the words as said"),
    "words": Field(4, "number of words"),
    "intent": Field("billing_dispute", "the best intent", choices=INTENTS),
    "probability": Field(0.7, "probability of that intent, 0 to 1"),
    "sentiment": Field(
        "negative", "negative, neutral or positive", choices=("negative", "neutral", "positive")
    ),
    "valence": Field(-0.5, "p(positive) less p(negative), -1 to 1"),
    "negative": Field(0.7, "probability of negative sentiment"),
    "anger": Field(0.3, "probability of anger"),
    "dissatisfaction": Field(0.5, "probability of dissatisfaction"),
    "distress": Field(0.1, "probability of distress"),
    "confusion": Field(0.1, "probability of confusion"),
    "satisfaction": Field(0.1, "probability of satisfaction"),
    "abuse": Field(0.05, "probability of abuse"),
    "degraded": Field(False, "whether a lighter model scored it because the model could not"),
    "role_guessed": Field(False, "whether who spoke is a guess"),
}

_CONVERSATION: dict[str, Field] = {
    "id": Field("c-1", "the conversation's id"),
    "channel": Field("voice", "voice, chat, sms, email, ..."),
    "age_s": Field(240, "seconds since it started"),
    "customer_turns": Field(6, "utterances by the customer"),
    "agent_turns": Field(5, "utterances by agents"),
    "bot_turns": Field(0, "utterances by bots"),
    "level": Field(-0.4, "mean valence of the last three customer utterances, -1 to 1"),
    "trend": Field(-0.3, "level less the mean valence of all before them"),
    "mean_valence": Field(-0.2, "mean valence of all customer utterances"),
    "min_valence": Field(-0.8, "lowest valence"),
    "negative_share": Field(0.5, "share of negative customer utterances, 0 to 1"),
    "negative_run": Field(2, "negative customer utterances in a row up to now"),
    "positive_run": Field(0, "positive customer utterances in a row up to now"),
    "anger_max": Field(0.5, "highest probability of anger"),
    "dissatisfaction_max": Field(0.6, "highest probability of dissatisfaction"),
    "distress_max": Field(0.2, "highest probability of distress"),
    "abuse_max": Field(0.1, "highest probability of abuse"),
    "abusive_turns": Field(0, "abusive customer utterances"),
    "confused_turns": Field(1, "confused customer utterances"),
    "risk": Field(
        0.5, "how badly it goes now, 0 to 1: an index that rises with displeasure, no probability"
    ),
    "risk_highest": Field(0.6, "the highest that risk has been"),
    "annoyed": Field(
        0.5, "calibrated probability that the customer ends up annoyed; over 0.2 is an alarm"
    ),
    "dissatisfied": Field(
        0.4, "calibrated probability that the customer ends up dissatisfied; rarely over 0.1"
    ),
    "goal_not_met": Field(0.3, "calibrated probability that the customer's goal is not met"),
    "repeats": Field(1, "customer utterances that say nearly the same as an earlier one"),
    "intents": Field(
        ["billing_dispute"], "topics seen, in order of first appearance", choices=TOPICS
    ),
    "intent_counts": Field({"billing_dispute": 2}, "utterances by topic", open=True),
    "unresolved": Field(["billing_dispute"], "topics not yet followed by thanks", choices=TOPICS),
    "transfers": Field(0, "transfers"),
    "holds": Field(1, "times on hold"),
    "hold_s": Field(60, "seconds on hold, finished holds only"),
    "on_hold": Field(False, "whether it is on hold now"),
    "gap_s": Field(3, "seconds of silence before this utterance"),
    "silence_share": Field(0.1, "share of silence, 0 to 1"),
    "agent_talk_share": Field(0.5, "share of speech that was the agent's, 0 to 1"),
    "interruptions": Field(0, "times an agent spoke over the customer"),
    "has_agent": Field(True, "whether a human agent has spoken"),
    "has_bot": Field(False, "whether a bot has spoken"),
    "bot_only": Field(False, "whether a bot answers and no human agent has spoken yet"),
    "ended": Field(False, "whether it has ended"),
}

_CUSTOMER: dict[str, Field | Mapping[str, Field]] = {
    "known": Field(True, "whether we know who the customer is"),
    "attributes": Field({"segment": "gold"}, "what the CRM says of the customer", open=True),
    "channel_before": Field(
        "chat", "channel of another conversation within the last hour, or empty"
    ),
    "open_conversations": Field(1, "conversations going on now, this one counted"),
    "contacts_before": {
        "last_1h": Field(0, "earlier conversations within the last hour"),
        "last_24h": Field(1, "earlier conversations within 24 hours"),
        "last_30d": Field(2, "earlier conversations within 30 days"),
    },
    "intents_before": Field(
        ["billing_dispute"], "topics of earlier conversations, newest first", choices=TOPICS
    ),
    "unresolved_before": Field(
        ["billing_dispute"], "topics earlier conversations left unresolved", choices=TOPICS
    ),
    "promises_open": Field(
        ["call_back"], "kinds of what agents promised and nobody is known to have done"
    ),
    "promises_late": Field(["refund"], "those of them that should be done by now"),
    **dict.fromkeys(("last_5m", "last_1h", "last_24h", "last_30d"), _WINDOW),
}

PHRASES = "phrases"
GIVEN = "given"
_SINCE_GIVEN = Field(
    30, "seconds since that rule gave something in this conversation; absent if never"
)
VARIABLES: dict[str, Mapping[str, Field | Mapping[str, Field]]] = {
    "event": _EVENT,
    "utterance": _UTTERANCE,
    "conversation": _CONVERSATION,
    "customer": _CUSTOMER,
}
"""The variables by name; a condition may also read `given.<rule>` and its own `phrases.<group>`."""


def fields() -> Iterator[tuple[str, Field]]:
    """Every readable field with its full name, in the order of the documentation."""
    for variable, members in VARIABLES.items():
        yield from _below(variable, members)


def _below(
    path: str, members: Mapping[str, Field | Mapping[str, Field]]
) -> Iterator[tuple[str, Field]]:
    for name, member in members.items():
        if isinstance(member, Field):
            yield f"{path}.{name}", member
        else:
            yield from _below(f"{path}.{name}", member)


def resolve(path: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The part of a path that names one fact (or a group of them), and what is wrong with the path."""
    if path[0] == GIVEN:
        problem = None if len(path) == 2 else "'given' names one rule: given.<rule id>"
        return path, problem
    here: object = VARIABLES
    for depth, name in enumerate(path):
        if isinstance(here, Field):
            if here.open:
                return path[:depth], None
            return path, f"{'.'.join(path[:depth])} is {kind_of(here.example)}; it has no {name!r}"
        assert isinstance(here, Mapping)
        if name not in here:
            whole = ".".join(path[:depth])
            known = f"a field of {whole}" if depth else "a variable"
            return path, f"{name!r} is not {known}; {suggest(name, here)}"
        here = here[name]
    return path, None


def find(path: tuple[str, ...]) -> Field | None:
    """The field of a path, None when it names a group of fields or nothing."""
    here: object = VARIABLES
    if path[0] == GIVEN:
        return _SINCE_GIVEN
    for name in path:
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    return here if isinstance(here, Field) else None


def suggest(name: str, known: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """ "did you mean" the nearest known word, else the words there are."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"expected one of: {', '.join(known)}"


def kind_of(value: object) -> str:
    """What a value is, in the words of the documentation."""
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a map"}
    return names.get(type(value), "nothing")
