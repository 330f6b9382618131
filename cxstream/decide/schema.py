"""The JSON Schema of a playbook, for editors: fields complete themselves, and what they mean is shown.

`cxstream playbook schema > playbook.schema.json`, and in the first line of a playbook
`# yaml-language-server: $schema=playbook.schema.json`. What it accepts may still be refused by
`cxstream playbook check`, which also reads conditions, phrases and texts.
"""

from __future__ import annotations

from typing import Any, get_args

from cxstream.decide import effects, examples, policies, vocabulary
from cxstream.decide.playbook import Give, OncePer, Severity
from cxstream.events import OutcomeKind

Schema = dict[str, Any]

_ID: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
_CLOCK: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_PHRASES: Schema = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}


def playbook_schema() -> Schema:
    """JSON Schema (2020-12) of a playbook file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A cxstream playbook",
        **_fields(
            {
                "playbook": _says("its name", {"type": "string", "maxLength": 64}),
                "version": _says(
                    "part of every decision's id: change it when you change a rule",
                    {"type": ["string", "number"]},
                ),
                "title": _text("one line for people", 200),
                "pace": _says(
                    "by channel: how many times longer everything lasts there",
                    _map(_whole(1, 1_000)),
                ),
                "purposes": _says("why customers are served or approached", _map(_purpose())),
                "contact_policy": _contact_policy(),
                "approval": _approval(),
                "passport": _passport(),
                "phrase_lists": _says("lists of phrases that rules share", _map(_PHRASES)),
                "rules": {"type": "array", "items": _rule(), "minItems": 1},
                "examples": {"type": "array", "items": _example(), "minItems": 1},
            },
            "playbook",
            "version",
            "rules",
        ),
    }


def _rule() -> Schema:
    return _fields(
        {
            "id": _says("decisions, metrics and other rules name it", _ID),
            "title": _text("what happened, in a few words", 100),
            "on": _says(
                "the moments at which it is looked at", _list(_one(tuple(vocabulary.EVENTS)))
            ),
            "intents": _says("it starts when one of these is understood", _list(_intent())),
            "probability": _says("the least probability of that intent", _SHARE),
            "phrases": _says(
                "it starts when one of these is said; a list, or lists under names",
                {"anyOf": [*_PHRASES["anyOf"], _map(_PHRASES)]},
            ),
            "not_phrases": _says("what overlaps one of these does not count", _PHRASES),
            "when": _condition("whether the rule is a candidate"),
            "because": _text("why, in words and numbers, with facts as {conversation.level}"),
            "priority": _says("0 to 100; the value where none is given", _whole(0, 100)),
            "cooldown_s": _says("seconds before it may give the same again", _whole(0, 2_592_000)),
            "valid_for_s": _says("seconds after which what it gave is over", _whole(5, 604_800)),
            "for_turns": _says("the card goes after so many turns of the agent", _whole(0, 20)),
            "once_per": _one(get_args(OncePer)),
            "nudge": _says(
                "a card for the agent",
                _fields(
                    {
                        "title": _text("a few words", effects.TITLE_MAX),
                        "say": _text("words that can be said as they stand", effects.SAY_MAX),
                    },
                    "title",
                    "say",
                ),
            ),
            "action": _action(),
            "escalation": _says(
                "what a supervisor is told",
                _fields(
                    {
                        "reason": _text("a few fixed words", 100),
                        "severity": _one(get_args(Severity)),
                        "summary": _text("what has happened"),
                    },
                    "reason",
                    "severity",
                    "summary",
                ),
            ),
            "note": _says(
                "to be remembered for the passport",
                _fields({"tried": _text("what was tried"), "told": _text("what was told")}),
            ),
            "give": _says("all effects, or only the lightest that works", _one(get_args(Give))),
            "withdraw_when": _condition("when the card is taken away"),
            "withdraw_because": _text("why, in words"),
            "suppresses": _says("rules that are pointless once this one applies", _list(_ID)),
            "needs_known_role": _flag("whether who spoke must be known for sure"),
            "needs_model": _flag("not while the lexicon stands in for the model"),
            "must_say": _flag("law or safety demands it: never weighed, never kept back"),
            "purpose": _says("one of `purposes`", _ID),
            **_gates(),
            "value": _says("V: what it is worth", {"type": "number", "minimum": 0}),
            "propensity": _says("P at the start: that it is taken up", _SHARE),
            "evidence": _says("how many outcomes that assumption weighs", _whole(0, 1_000_000)),
            "likely": _says("next actions of the model (or `intent`) that are P", _list(_ID)),
            "lever": _percent("L: percent more"),
            "weighs_more": _weighs_more(),
        },
        "id",
        "title",
        "on",
        "because",
    )


def _action() -> Schema:
    return _says(
        "what a back-office system is asked to do",
        _fields(
            {
                "name": _ID,
                "parameters": _map({"type": "string"}),
                "needs_approval": _flag("waits for the approval that the playbook describes"),
                "approval": _approval(),
                "contact": _says("the channel on which it reaches the customer", _ID),
            },
            "name",
        ),
    )


def _approval() -> Schema:
    return _says(
        "who may allow an action, for how long they are waited for, and what then",
        _fields(
            {
                "roles": _list({"type": "string"}),
                "within_s": _whole(5, 604_800),
                "otherwise": _one(("expire", "escalate")),
            }
        ),
    )


def _purpose() -> Schema:
    return _fields(
        {
            "needs_consent": _flag("whether the customer must have said yes"),
            **_gates(),
            "lever": _percent("L: percent more for all rules of this purpose"),
            "weighs_more": _weighs_more(),
        }
    )


def _contact_policy() -> Schema:
    days = _whole(1, policies.DAYS_MOST)
    limit = {"channel": {"type": "string"}, "at_most": _whole(0, 1_000), "within_days": days}
    suppression = {
        "after": _whole(1, 100),
        "outcomes": _list(_one(get_args(OutcomeKind))),
        "within_days": days,
        "for_days": days,
        "purpose": _ID,
    }
    quiet = {
        "from": _CLOCK,
        "until": _CLOCK,
        "time_zone": _says("an IANA name as Europe/London", {"type": "string"}),
        "channels": _list({"type": "string"}),
        "then": _one(("refuse", "wait")),
    }
    return _says(
        "how often, and when, a customer may be approached",
        _fields(
            {
                "limits": _list(_fields(limit, *limit)),
                "suppression": _list(
                    _fields(suppression, "after", "outcomes", "within_days", "for_days")
                ),
                "quiet_hours": _fields(quiet, "from", "until"),
            }
        ),
    )


def _passport() -> Schema:
    return _says(
        "what may be passed on to whoever is next",
        _fields(
            {
                "history": _one(("opt_out", "opt_in", "never")),
                "valid_for_s": _whole(60, 2_592_000),
                "attributes": _list({"type": "string"}),
            }
        ),
    )


def _example() -> Schema:
    return _says(
        "a made-up moment and what must come of it",
        _fields(
            {
                "name": _text("what it shows", 120),
                "on": _one(tuple(vocabulary.EVENTS)),
                "text": _text("what is said", 2_000),
                "intent": _intent(),
                "probability": _SHARE,
                "facts": _says("by full name; whatever is not named is calm", _map({})),
                "given": _says(
                    "by rule: seconds since it gave something", _map(_whole(0, 2_592_000))
                ),
                "consents": _map({"type": "boolean"}),
                "reached": _says("by channel: contacts in the day before", _map(_whole(0, 60))),
                "at": _says("the moment, as 2026-03-01T22:30:00Z", {}),
                "channel": {"type": "string"},
                "agent": _flag("whether an agent is on the conversation"),
                "gives": {"anyOf": [{"const": examples.NOTHING}, _list(_ID)]},
                "gives_not": _list(_ID),
                "refuses": _says("by rule: the gate that stays shut", _map(_one(examples.GATES))),
            },
            "name",
            "on",
            "gives",
        ),
    )


def _gates() -> dict[str, Schema]:
    return {
        "eligible": _condition("may this customer get it at all?"),
        "applicable": _condition("does it make sense now?"),
        "suitable": _condition("is it good for this customer?"),
    }


def _weighs_more() -> Schema:
    one = {"when": _condition("while this holds"), "by": _percent("percent more")}
    return _says("C: what the moment adds", _list(_fields(one, "when", "by")))


def _fields(properties: dict[str, Schema], *required: str) -> Schema:
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def _says(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _one(words: tuple[str, ...]) -> Schema:
    return {"enum": list(words)}


def _intent() -> Schema:
    return _one(vocabulary.INTENTS)


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _percent(description: str) -> Schema:
    return _says(description, _whole(-100, 1_000))


def _flag(description: str) -> Schema:
    return _says(description, {"type": "boolean"})


def _text(description: str, longest: int = 500) -> Schema:
    return _says(description, {"type": "string", "minLength": 1, "maxLength": longest})


def _condition(description: str) -> Schema:
    return _says(f"{description} (CEL)", {"type": ["string", "boolean"], "maxLength": 2_000})
