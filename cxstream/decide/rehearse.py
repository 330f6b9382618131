"""The examples of a playbook, played: what came of each, and whether that was expected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from cxstream.context.given import Given
from cxstream.context.standing import Agreed, Reached, Standing
from cxstream.decide import vocabulary
from cxstream.decide.acting import follows
from cxstream.decide.decider import Decider
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.phrases import Said
from cxstream.decide.playbook import Example, Playbook
from cxstream.events import Preferences

AT_MS = 1_781_780_400_000
"""When an example without `at` happens: a Thursday in June, 11:00 UTC."""

_HERE = "example"


class Rehearsal(Struct, frozen=True):
    """What came of an example; without `faults` that was what was expected."""

    example: Example
    decided: Decided
    faults: tuple[str, ...]


def rehearse(playbook: Playbook, decider: Decider | None = None) -> Iterator[Rehearsal]:
    """Play every example of a playbook, in the order of the file."""
    decider = decider or Decider([playbook])
    for example in playbook.examples:
        moment = moment_of(example)
        decided = decider.decide(moment, given_of(example, playbook, moment.event_time_ms))
        faults = (*_faults(example, decided), *_unheard(example, decider))
        yield Rehearsal(example, decided, faults)


def moment_of(example: Example) -> Moment:
    """The moment of an example: a calm call with an agent, in which only what it names is different."""
    kind, role = vocabulary.EVENTS[example.on]
    facts = calm()
    facts["event"] |= {"kind": kind, "role": role}
    facts["conversation"] |= {"id": _HERE, "channel": example.channel}
    facts["conversation"] |= {"has_agent": example.agent, "bot_only": False}
    said = kind == vocabulary.UTTERANCE
    if said:
        facts["utterance"] |= {
            "text": example.text,
            "words": len(example.text.split()),
            "intent": example.intent,
            "probability": example.probability,
        }
    for name, value in example.facts.items():
        *groups, leaf = name.split(".")
        here: dict[str, Any] = facts
        for group in groups:
            here = here.setdefault(group, {})
        here[leaf] = value
    at_ms = example.at or AT_MS
    reached = tuple(
        Reached(channel, at_ms - 3_600_000 * (n + 1), f"{channel}-{n}")
        for channel, times in example.reached.items()
        for n in range(times)
    )
    return Moment(
        signal_id=example.name,
        kind=kind,
        conversation_id=_HERE,
        event_time_ms=at_ms,
        facts=facts,
        role=role,
        customer_id="a-customer",
        agent_id="an-agent" if example.agent else None,
        channel=example.channel,
        fragment_id="f-1" if said else None,
        text=example.text if said else None,
        intent=example.intent if said else None,
        probability=example.probability if said else 0.0,
        bot_only=facts["conversation"]["bot_only"] is True,
        agent_turns=facts["conversation"]["agent_turns"],
        standing=Standing(
            consents={name: Agreed(given, 0) for name, given in example.consents.items()},
            reached=reached,
            preferences=Preferences(channels=example.prefers or None),
        ),
    )


def calm() -> dict[str, dict[str, Any]]:
    """Facts of a known customer and a call about which nothing is wrong."""
    facts: dict[str, dict[str, Any]] = {}
    for path, field in vocabulary.fields():
        root, *groups, leaf = path.split(".")
        here = facts.setdefault(root, {})
        for group in groups:
            here = here.setdefault(group, {})
        here[leaf] = type(field.example)()
    facts["customer"]["known"] = True
    facts["conversation"] |= {"age_s": 120, "customer_turns": 3, "agent_turns": 3}
    facts["conversation"]["agent_talk_share"] = 0.5
    facts["utterance"] |= {"sentiment": "neutral", "negative": 0.2}
    return facts


def given_of(example: Example, playbook: Playbook, at_ms: int) -> tuple[Given, ...]:
    """What was given before the moment of an example."""
    rules = {rule.id: rule for rule in playbook.rules}
    return tuple(
        Given(
            rule=name,
            conversation_id=_HERE,
            decision_id=f"{name}-{kind}",
            at_ms=at_ms - seconds * 1000,
            until_ms=at_ms - (seconds - rules[name].valid_for_s) * 1000,
            kind=kind,
        )
        for name, seconds in example.given.items()
        for kind in ("nudge", "action", "escalation")
        if getattr(rules[name], kind) is not None
    )


def _unheard(example: Example, decider: Decider) -> Iterator[str]:
    """Cards that the words follow and should not, or the other way round."""
    for wanted, names in ((True, example.follows), (False, example.follows_not)):
        for rule in names:
            card = decider.index.by_id[rule].rule.nudge
            if card is None:
                yield f"{rule} shows no card that anybody could follow"
            elif follows(card, Said(example.text)) is not wanted:
                which = "as following" if wanted else "not as following"
                yield f"expected these words {which} the card of {rule}"


def _faults(example: Example, decided: Decided) -> Iterator[str]:
    gave = {d.why.rule.id for d in decided.decisions if d.kind != "withdrawal"}
    refused = {r.rule: r for r in decided.rejected}
    for rule in example.gives:
        if rule not in gave:
            why = f"was rejected: {refused[rule].reason}" if rule in refused else "did not apply"
            yield f"expected {rule}, which {why}"
    unwanted = gave if example.gives_nothing else gave.intersection(example.gives_not)
    for rule in sorted(unwanted):
        yield f"did not want {rule}, which gave something"
    for rule, gate in example.refuses.items():
        found = refused.get(rule)
        if found is None:
            what = "gave something" if rule in gave else "did not apply"
            yield f"expected {rule} to be turned down at {gate}, but it {what}"
        elif found.gate != gate:
            yield f"expected {rule} to be turned down at {gate}, not at {found.gate}: {found.reason}"
