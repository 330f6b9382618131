"""What a decision costs: the events of the bundled stories, over 34 and over 102 rules.

    .venv/bin/python benchmarks/decisions.py

A longer playbook is the shipped one several times over under other names, so that every word that starts a
rule starts all of its copies: worse than a playbook of so many different rules. Scores are the lexicon's;
what the models cost is not in here.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from cxstream.context.conversation import Conversation
from cxstream.context.customer import Customer
from cxstream.decide.decider import Decider
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Moment
from cxstream.decide.signals import moment_of
from cxstream.demo.story import bundled
from cxstream.events import Signal, to_ms
from cxstream.listen.redact import PatternRedactor
from cxstream.observe.metrics import Metrics
from cxstream.pipeline import ConversationHop
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.scorer import readings
from cxstream.understand.trajectory import RuleTrajectory

ROUNDS = 7
COPIES = (1, 3)


def moments() -> list[Moment]:
    """Every utterance and happening of the stories, with the facts of its conversation."""
    hop = ConversationHop(
        redactor=PatternRedactor(), foresight=RuleTrajectory(), observer=Metrics()
    )
    scorer, found = LexiconScorer(), []
    for story in bundled():
        states: dict[str, Conversation] = {}
        for record in story.records():
            key = record.conversation_id
            value = msgspec.json.encode(record)
            assert record.event_time is not None
            heard = hop.read(value, key=key.encode(), arrival_ms=to_ms(record.event_time))
            state = states.setdefault(key, Conversation(id=key))
            text = hop.to_score(state, heard)
            reading = readings(scorer, [text])[0] if text else None
            for out in hop.hear(state, heard, reading):
                signal = out.record
                if isinstance(signal, Signal):
                    found.append(moment_of(signal, Customer(key=out.key)))
    return found


def longer(copies: int) -> Decider:
    """A decider over the shipped playbook so many times."""
    text = files("cxstream.decide").joinpath("playbooks", "default.yaml").read_text("utf-8")
    text = text.partition("\nexamples:")[0]
    names = re.findall(r"^  - id: (\w+)$", text, re.MULTILINE)
    # in quotes a name is an intent's
    known = re.compile(rf"(?<!\")\b(?:{'|'.join(names)})\b")
    books = [text]
    for copy in range(1, copies):
        renamed = known.sub(lambda found, n=copy: f"{found.group()}_{n}", text)  # type: ignore[misc]
        books.append(renamed.replace("playbook: default", f"playbook: copy_{copy}"))
    return Decider([load_playbook(book, f"{n}.yaml") for n, book in enumerate(books)])


def times_us(decider: Decider, told: list[Moment]) -> Iterator[float]:
    """Microseconds of the processor a decision, one figure a round: others share the machine."""
    for _ in range(ROUNDS):
        begun = time.process_time()
        for moment in told:
            decider.decide(moment, ())
        yield (time.process_time() - begun) / len(told) * 1e6


def main() -> None:
    """Print a line a playbook and kind of event: the median, fastest and slowest round."""
    every = moments()
    kinds = {"customer utterances": [m for m in every if m.role == "customer"], "events": every}
    deciders = [longer(copies) for copies in COPIES]
    for _ in times_us(deciders[0], every):
        pass  # warm
    for decider in deciders:
        for kind, told in kinds.items():
            found = [*times_us(decider, told)]
            sys.stdout.write(
                f"{len(decider.rules):4} rules, {len(told):3} {kind:19}: median"
                f" {statistics.median(found):4.0f} us a decision, {min(found):.0f} to {max(found):.0f}\n"
            )


if __name__ == "__main__":
    main()
