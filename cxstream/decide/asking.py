"""A moment put together by hand, and what the rules of a playbook say of it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.located import DEPTH_MAX
from cxstream.decide.playbook import Example, Playbook
from cxstream.decide.rehearse import given_of, moment_of
from cxstream.decide.tracing import Trace, trace
from cxstream.decide.vocabulary import suggest
from cxstream.errors import UNREADABLE, PlaybookError
from cxstream.plain_yaml import not_plain

_ASKED = "as asked"


def find(playbook: Playbook, name: str) -> Example:
    """An example by its name. Raises `PlaybookError` when there is none."""
    names = [example.name for example in playbook.examples]
    if not names:
        raise PlaybookError(["the playbook has no examples"])
    if name not in names:
        raise PlaybookError([f"no example {name!r}; {suggest(name, names)}"])
    return playbook.examples[names.index(name)]


def ask(
    playbook: Playbook,
    *,
    on: str,
    text: str,
    intent: str,
    probability: float,
    facts: Sequence[str],
    consents: Sequence[str],
    channel: str,
    agent: bool,
) -> Example:
    """A moment from its parts, checked as an example in a file is. Raises `PlaybookError` naming what is wrong.

    Facts are `name=value`, the value as in YAML.
    """
    asked: dict[str, object] = {"name": _ASKED, "on": on, "gives": "nothing"}
    asked |= {"intent": intent, "probability": probability, "channel": channel, "agent": agent}
    if text:
        asked["text"] = text
    if facts:
        pairs = [fact.partition("=") for fact in facts]
        asked["facts"] = {name: _value(name, value) for name, _, value in pairs}
    if consents:
        asked["consents"] = dict.fromkeys(consents, True)
    book = {
        "playbook": playbook.name,
        "version": playbook.version,
        "rules": [
            {"id": "none", "title": "none", "on": ["hold"], "because": "x", "note": {"told": "x"}}
        ],
        "examples": [asked],
    }
    (example,) = load_playbook(yaml.safe_dump(book), "the moment").examples
    return example


def _value(name: str, said: str) -> object:
    try:
        if found := not_plain(said, yaml.SafeLoader, DEPTH_MAX, aliases=True, tags=True):
            raise PlaybookError([f"fact {name}: {found[1]}"])
        return yaml.safe_load(said)
    except (yaml.YAMLError, *UNREADABLE) as error:
        raise PlaybookError([f"fact {name}: {said[:40]!r} is no YAML value"]) from error


def tell(playbook: Playbook, example: Example) -> Iterator[Trace]:
    """What each rule of a playbook says of a moment."""
    moment = moment_of(example)
    yield from trace(Decider([playbook]), moment, given_of(example, playbook, moment.event_time_ms))


def in_words(traced: Trace) -> Iterator[str]:
    """A trace as lines for a person."""
    head = f"{traced.rule}: {traced.verdict}"
    if traced.verdict == "gave":
        head = f"{traced.rule}: gives {', '.join(traced.gave)}"
    elif traced.gate:
        head += f" at {traced.gate}"
    yield head
    if traced.because:
        yield f"    {traced.because}"
    if traced.reason:
        yield f"    {traced.reason}"
    weight = traced.weight
    if weight is not None and weight.source != "must":
        yield (
            f"    weighs {weight.priority:g} = P {weight.propensity:g} ({weight.source})"
            f" x C {weight.context:g} x V {weight.value:g} x L {weight.lever:g}"
        )
    elif weight is not None:
        yield "    must be said: it is not weighed"
    if traced.facts:
        yield "    " + ", ".join(f"{name} = {value}" for name, value in traced.facts.items())
