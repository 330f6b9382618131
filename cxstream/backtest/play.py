"""The same records through two versions of the pipeline, and what came out of each.

Each run has an embedded broker of its own, waits for the model, and holds nobody back in a control group: so
that whatever differs, differs because of the playbook or the beliefs. Where both use the same models each text
is scored once: decisions are what is compared, and they cost a twentieth of that.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from cxstream import bootstrap, replay
from cxstream.backtest.compare import Comparison, compare
from cxstream.engine import history
from cxstream.engine.embedded import EmbeddedBroker
from cxstream.engine.feed import Record
from cxstream.engine.topics import Topics
from cxstream.errors import SettingsError
from cxstream.events import Output, Transcript, to_ms
from cxstream.settings import Settings
from cxstream.understand.cached import CachedScorer
from cxstream.understand.scorer import Scorer

_decoder: msgspec.json.Decoder[Transcript] = msgspec.json.Decoder(Transcript)


async def backtest(settings: Settings, challenger: Settings, records: list[Record]) -> Comparison:
    """Play the records through both, the settings in force first. Raises `CxError` for what does not hold."""
    bootstrap.playbooks(
        challenger
    )  # a playbook that does not hold is told before an hour of replay
    if not records:
        raise SettingsError("there is nothing to replay: the recording has no records")
    settings, challenger = replay.unhurried(settings), replay.unhurried(challenger)
    model: Scorer = bootstrap.scorer(settings)
    if challenger.models_dir != settings.models_dir:
        other = bootstrap.scorer(challenger)
    else:
        model = other = CachedScorer(model, most=len(records), longest=sys.maxsize)
    old = await _outputs(settings, records, model)
    new = await _outputs(challenger, records, other)
    return compare(old, new, old_name=_name(settings), new_name=_name(challenger))


async def recorded_on(settings: Settings, topic: str) -> list[Record]:
    """What a topic of transcripts holds, in the order of event time. Raises `EngineError`."""
    name = Topics(settings.topic_prefix).by_role().get(topic.replace("-", "_"), topic)
    places = await history.places_of(settings, name)
    found: list[tuple[int, int, Transcript]] = []
    async with history.opened(settings) as consumer:
        async for message in history.until_now(consumer, places):
            record = history.readable(_decoder, message.value)
            if record is not None:
                found.append((_at_ms(record, message.timestamp), message.offset, record))
    found.sort(key=lambda entry: entry[:2])
    return [record for *_, record in found]


async def _outputs(settings: Settings, records: Iterable[Record], model: Scorer) -> list[Output]:
    found: list[Output] = []
    with tempfile.TemporaryDirectory(prefix="cxstream-") as folder, EmbeddedBroker() as broker:
        apart = bootstrap.on_embedded(
            settings.model_copy(update={"data_dir": Path(folder), "control_share": 0.0}),
            broker.bootstrap_servers,
        )
        await replay.run(
            apart, records, model=model, on_output=lambda out: found.append(out.record)
        )
    return found


def _name(settings: Settings) -> str:
    """How a version is called: its playbooks, and its beliefs where it decides by some."""
    names = [f"{p.name} {p.version}" for p in bootstrap.playbooks(settings)]
    if settings.learning == "on" and settings.beliefs:
        names.append(settings.beliefs.name)
    if settings.models_dir:
        names.append(f"models in {settings.models_dir}")
    return ", ".join(names)


def _at_ms(record: Transcript, arrival_ms: int) -> int:
    return to_ms(record.event_time) if record.event_time is not None else arrival_ms
