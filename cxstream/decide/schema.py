"""The JSON Schema of a playbook, for editors: fields complete themselves, and what they mean is shown.

`cxstream playbook schema > playbook.schema.json`, and in the first line of a playbook
`# yaml-language-server: $schema=playbook.schema.json`. What it accepts may still be refused by
`cxstream playbook check`, which also reads conditions, phrases and texts.
"""

from __future__ import annotations

from typing import get_args

from cxstream.decide import effects, examples, policies, vocabulary
from cxstream.decide.playbook import Give, OncePer, Severity
from cxstream.decide.schema_parts import (
    CLOCK,
    ID,
    PHRASES,
    SHARE,
    Schema,
    condition,
    fields,
    flag,
    intent,
    list_of,
    map_of,
    one_of,
    percent,
    says,
    text,
    whole,
)
from cxstream.events import OutcomeKind


def playbook_schema() -> Schema:
    """JSON Schema (2020-12) of a playbook file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A cxstream playbook",
        **fields(
            {
                "playbook": says("its name", {"type": "string", "maxLength": 64}),
                "version": says(
                    "part of every decision's id: change it when you change a rule",
                    {"type": ["string", "number"]},
                ),
                "title": text("one line for people", 200),
                "pace": says(
                    "by channel: how many times longer everything lasts there",
                    map_of(whole(1, 1_000)),
                ),
                "purposes": says("why customers are served or approached", map_of(_purpose())),
                "contact_policy": _contact_policy(),
                "approval": _approval(),
                "passport": _passport(),
                "phrase_lists": says("lists of phrases that rules share", map_of(PHRASES)),
                "rules": {"type": "array", "items": _rule(), "minItems": 1},
                "examples": {"type": "array", "items": _example(), "minItems": 1},
            },
            "playbook",
            "version",
            "rules",
        ),
    }


def _rule() -> Schema:
    return fields(
        {
            "id": says("decisions, metrics and other rules name it", ID),
            "title": text("what happened, in a few words", 100),
            "on": says(
                "the moments at which it is looked at", list_of(one_of(tuple(vocabulary.EVENTS)))
            ),
            "intents": says("it starts when one of these is understood", list_of(intent())),
            "probability": says("the least probability of that intent", SHARE),
            "phrases": says(
                "it starts when one of these is said; a list, or lists under names",
                {"anyOf": [*PHRASES["anyOf"], map_of(PHRASES)]},
            ),
            "not_phrases": says("what overlaps one of these does not count", PHRASES),
            "when": condition("whether the rule is a candidate"),
            "because": text("why, in words and numbers, with facts as {conversation.level}"),
            "priority": says("0 to 100; the value where none is given", whole(0, 100)),
            "cooldown_s": says("seconds before it may give the same again", whole(0, 2_592_000)),
            "valid_for_s": says("seconds after which what it gave is over", whole(5, 604_800)),
            "for_turns": says("the card goes after so many turns of the agent", whole(0, 20)),
            "once_per": one_of(get_args(OncePer)),
            "nudge": says(
                "a card for the agent",
                fields(
                    {
                        "title": text("a few words", effects.TITLE_MAX),
                        "say": text("words that can be said as they stand", effects.SAY_MAX),
                        "heard_as": says("how an agent sounds who does it", PHRASES),
                        "not_heard_as": says("what only sounds like it", PHRASES),
                    },
                    "title",
                    "say",
                ),
            ),
            "action": _action(),
            "escalation": says(
                "what a supervisor is told",
                fields(
                    {
                        "reason": text("a few fixed words", 100),
                        "severity": one_of(get_args(Severity)),
                        "summary": text("what has happened"),
                    },
                    "reason",
                    "severity",
                    "summary",
                ),
            ),
            "note": says(
                "to be remembered for the passport",
                fields({"tried": text("what was tried"), "told": text("what was told")}),
            ),
            "give": says("all effects, or only the lightest that works", one_of(get_args(Give))),
            "withdraw_when": condition("when the card is taken away"),
            "withdraw_because": text("why, in words"),
            "suppresses": says("rules that are pointless once this one applies", list_of(ID)),
            "needs_known_role": flag("whether who spoke must be known for sure"),
            "needs_model": flag("not while the lexicon stands in for the model"),
            "must_say": flag("law or safety demands it: never weighed, never kept back"),
            "purpose": says("one of `purposes`", ID),
            **_gates(),
            "value": says("V: what it is worth", {"type": "number", "minimum": 0}),
            "propensity": says("P at the start: that it is taken up", SHARE),
            "evidence": says("how many outcomes that assumption weighs", whole(0, 1_000_000)),
            "likely": says("next actions of the model (or `intent`) that are P", list_of(ID)),
            "lever": percent("L: percent more"),
            "weighs_more": _weighs_more(),
        },
        "id",
        "title",
        "on",
        "because",
    )


def _action() -> Schema:
    return says(
        "what a back-office system is asked to do",
        fields(
            {
                "name": ID,
                "parameters": map_of({"type": "string"}),
                "needs_approval": flag("waits for the approval that the playbook describes"),
                "approval": _approval(),
                "contact": says("the channel on which it reaches the customer", ID),
            },
            "name",
        ),
    )


def _approval() -> Schema:
    return says(
        "who may allow an action, for how long they are waited for, and what then",
        fields(
            {
                "roles": list_of({"type": "string"}),
                "within_s": whole(5, 604_800),
                "otherwise": one_of(("expire", "escalate")),
            }
        ),
    )


def _purpose() -> Schema:
    return fields(
        {
            "needs_consent": flag("whether the customer must have said yes"),
            "for_everybody": flag("never kept from the control group"),
            **_gates(),
            "lever": percent("L: percent more for all rules of this purpose"),
            "weighs_more": _weighs_more(),
        }
    )


def _contact_policy() -> Schema:
    days = whole(1, policies.DAYS_MOST)
    limit = {"channel": {"type": "string"}, "at_most": whole(0, 1_000), "within_days": days}
    suppression = {
        "after": whole(1, 100),
        "outcomes": list_of(one_of(get_args(OutcomeKind))),
        "within_days": days,
        "for_days": days,
        "purpose": ID,
    }
    quiet = {
        "from": CLOCK,
        "until": CLOCK,
        "time_zone": says("an IANA name as Europe/London", {"type": "string"}),
        "channels": list_of({"type": "string"}),
        "then": one_of(("refuse", "wait")),
    }
    return says(
        "how often, and when, a customer may be approached",
        fields(
            {
                "limits": list_of(fields(limit, *limit)),
                "suppression": list_of(
                    fields(suppression, "after", "outcomes", "within_days", "for_days")
                ),
                "quiet_hours": fields(quiet, "from", "until"),
                "preferred_by": says(
                    "percent more on the customer's best channel, less on one they did not name",
                    whole(0, 100),
                ),
            }
        ),
    )


def _passport() -> Schema:
    return says(
        "what may be passed on to whoever is next",
        fields(
            {
                "history": one_of(("opt_out", "opt_in", "never")),
                "valid_for_s": whole(60, 2_592_000),
                "attributes": list_of({"type": "string"}),
            }
        ),
    )


def _example() -> Schema:
    return says(
        "a made-up moment and what must come of it",
        fields(
            {
                "name": text("what it shows", 120),
                "on": one_of(tuple(vocabulary.EVENTS)),
                "text": text("what is said", 2_000),
                "intent": intent(),
                "probability": SHARE,
                "facts": says("by full name; whatever is not named is calm", map_of({})),
                "given": says(
                    "by rule: seconds since it gave something", map_of(whole(0, 2_592_000))
                ),
                "consents": map_of({"type": "boolean"}),
                "reached": says("by channel: contacts in the day before", map_of(whole(0, 60))),
                "prefers": says("channels the customer likes, the best first", list_of(ID)),
                "at": says("the moment, as 2026-03-01T22:30:00Z", {}),
                "channel": {"type": "string"},
                "agent": flag("whether an agent is on the conversation"),
                "gives": {"anyOf": [{"const": examples.NOTHING}, list_of(ID)]},
                "gives_not": list_of(ID),
                "refuses": says(
                    "by rule: the gate that stays shut", map_of(one_of(examples.GATES))
                ),
                "follows": says("rules whose card the agent's words follow", list_of(ID)),
                "follows_not": list_of(ID),
            },
            "name",
            "on",
            "gives",
        ),
    )


def _gates() -> dict[str, Schema]:
    return {
        "eligible": condition("may this customer get it at all?"),
        "applicable": condition("does it make sense now?"),
        "suitable": condition("is it good for this customer?"),
    }


def _weighs_more() -> Schema:
    one = {"when": condition("while this holds"), "by": percent("percent more")}
    return says("C: what the moment adds", list_of(fields(one, "when", "by")))
