"""Settings -> what learns from outcomes, and what was learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from cxstream.decide.decider import Decider
from cxstream.decide.playbook import Playbook
from cxstream.engine.archive import Archive
from cxstream.errors import UNREADABLE, SettingsError
from cxstream.events import DecisionRecord, Learnt, Lesson
from cxstream.lessons.beliefs import Beliefs
from cxstream.lessons.evaluation import Told, evaluated, read_decisions, read_lessons
from cxstream.lessons.exploring import Exploration
from cxstream.lessons.loop import LearningLoop, Listener
from cxstream.lessons.strategy import Strategy
from cxstream.settings import Settings

_records = msgspec.json.Decoder(Learnt)


def beliefs(settings: Settings) -> Beliefs:
    """What is believed from the start: the records of a file, or nothing.

    Raises `SettingsError` naming the file and line that cannot be read.
    """
    return Beliefs(read_beliefs(settings.beliefs) if settings.beliefs else ())


def read_beliefs(path: Path) -> list[Learnt]:
    """Records of `cx.learnt`, one JSON object a line (`cxstream policy beliefs`)."""
    records = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            records.append(_records.decode(line))
        except UNREADABLE as error:
            raise SettingsError(f"{path}:{number}: no record of cx.learnt: {error}") from error
    return records


async def believed(settings: Settings) -> list[Learnt]:
    """What is believed now: the newest record of each rule on the topic. Raises `EngineError`."""
    newest: dict[str, Learnt] = {}
    for record in await Archive(settings).all("learnt"):
        if isinstance(record, Learnt):
            newest[record.rule] = record
    return [newest[rule] for rule in sorted(newest)]


async def evaluation(
    settings: Settings,
    beliefs: Path,
    decisions: Path | None,
    lessons: Path | None,
    least_effective: float,
) -> Told:
    """Judge the beliefs of a file on recorded decisions: of files, else as the topics hold them.

    Raises `SettingsError` for files that cannot be read, and when nothing in them says anything.
    """
    archive = Archive(settings)
    logged = (
        read_decisions(decisions)
        if decisions
        else [r for r in await archive.all("decisions") if isinstance(r, DecisionRecord)]
    )
    settled = (
        read_lessons(lessons)
        if lessons
        else [r for r in await archive.all("lessons") if isinstance(r, Lesson)]
    )
    return evaluated(logged, settled, Beliefs(read_beliefs(beliefs)), least_effective)


def strategy(
    settings: Settings, playbooks: Sequence[Playbook], known: Beliefs
) -> Decider | Strategy:
    """Who decides: by the playbooks alone, or with what was learnt."""
    if settings.learning == "shadow":
        return Decider(playbooks)
    exploring = Exploration(share=settings.explore_share, mature=settings.explore_until)
    return Strategy(Decider(playbooks, known), known, exploring)


def learning_loop(settings: Settings, listener: Listener, known: Beliefs) -> LearningLoop:
    """What every decision goes through after it was made."""
    return LearningLoop(
        listener,
        window_ms=round(settings.outcome_window_h * 3_600_000),
        control_share=settings.control_share,
        beliefs=lambda: known.name if settings.learning == "on" else "",
    )
