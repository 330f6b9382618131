"""The bundled conversations through Faust: what a team leader expects comes out of both brokers' topics."""

from __future__ import annotations

from pathlib import Path

import pytest
from brokers import Broker
from support import run_records, settings_for

from cxstream import bootstrap, replay
from cxstream.demo.expectations import judge
from cxstream.demo.story import bundled
from cxstream.engine.topics import Topics
from cxstream.events import DeadLetter, Output
from cxstream.listen.readers import merge_by_time
from cxstream.settings import Settings
from cxstream.understand.scorer import Scorer

OUT: dict[bool, dict[str, bytes]] = {}


@pytest.fixture(scope="module")
def model() -> Scorer:
    scorer = bootstrap.scorer(Settings(encoder_precision="fp32"))
    assert scorer.name != "lexicon-1", "the shipped model must load"
    return scorer


def test_every_expectation_comes_out_of_the_topics(
    broker: Broker, topic_prefix: str, model: Scorer, tmp_path: Path
) -> None:
    stories = bundled()
    records = merge_by_time(story.records() for story in stories)
    collected = run_records(broker, topic_prefix, records, model=model)
    outputs: list[Output] = [c.record for c in collected]
    misses = [
        f"{story.title}: {verdict.text}"
        for story in stories
        for verdict in judge(story.script, story.moments, outputs)
        if not verdict.met and not verdict.nice
    ]
    assert misses == []
    assert not any(isinstance(output, DeadLetter) for output in outputs)

    topics = Topics(settings_for(broker, topic_prefix).topic_prefix)
    replay.write(collected, topics, tmp_path, prefix="cx.")
    OUT[broker.embedded] = {p.name: p.read_bytes() for p in sorted(tmp_path.iterdir())}


@pytest.mark.kafka
def test_both_brokers_give_the_same_bytes() -> None:
    assert set(OUT) == {True, False}, "runs after the test above, on both brokers"
    for name, written in OUT[True].items():
        assert OUT[False][name] == written, name
    assert OUT[True]["cx.nudges.jsonl"].count(b"\n") > 20
