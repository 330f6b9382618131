"""Recorded decisions and their lessons to the question whether new beliefs may take over.

Only contested choices say anything: moments in which another candidate could have had the place, with a
chance that was logged. The action is who had it. Under new beliefs the candidate goes first that weighs the
most: its learnt chance of success, smoothed as the arbitration does, times the C x V x L that was logged.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar
from zlib import crc32

import msgspec
import numpy as np

from cxstream.decide.propensity import Learnt, smoothed
from cxstream.errors import UNREADABLE, SettingsError
from cxstream.events import Candidate, DecisionRecord, Lesson
from cxstream.lessons.beliefs import Beliefs
from cxstream.lessons.estimators import Estimate, Floats, Trial
from cxstream.lessons.gate import LEAST_EFFECTIVE, Verdict, judge

_EVIDENCE: Final = 50
"""Evidence that the logged chance counts for beside new lessons, as a playbook assumes."""

R = TypeVar("R", DecisionRecord, Lesson)


class Told(NamedTuple):
    """A verdict, and what it rests on."""

    verdict: Verdict
    decisions: int
    contested: int
    treated: int
    control: int
    went_well: float | None
    went_well_without: float | None


def read_decisions(path: Path) -> list[DecisionRecord]:
    """Recorded `cx.decisions`. Raises `SettingsError` naming the line that cannot be read."""
    return _read(path, DecisionRecord)


def read_lessons(path: Path) -> list[Lesson]:
    """Recorded `cx.lessons`. Raises `SettingsError` naming the line that cannot be read."""
    return _read(path, Lesson)


def evaluated(
    decisions: Iterable[DecisionRecord],
    lessons: Iterable[Lesson],
    beliefs: Beliefs,
    least_effective: float = LEAST_EFFECTIVE,
) -> Told:
    """Judge new beliefs on recorded decisions. Raises `SettingsError` when none of them says anything."""
    logged = list({record.id: record for record in decisions}.values())
    by_decision = {lesson.decision_id: lesson for lesson in lessons}
    rows = [row for record in logged if (row := _row(record, by_decision)) is not None]
    if len(rows) < 2:
        raise SettingsError(
            f"none of {len(logged)} decisions could have been another one and has an outcome: set"
            " CXSTREAM_EXPLORE_SHARE above 0 for a while, and record cx.decisions and cx.lessons"
        )
    trial, champion = _trial(rows, beliefs)
    well = _went_well(by_decision.values())
    return Told(judge(trial, champion, least_effective), len(logged), len(rows), *well)


def report(told: Told) -> dict[str, object]:
    """The figures by name; intervals as they are."""
    verdict = told.verdict
    rows: dict[str, object] = {
        "decisions": told.decisions,
        "contested": told.contested,
        "effective": round(verdict.challenger["dr"].effective),
    }
    for name in ("ips", "snips", "dr"):
        rows[f"new {name}"] = _shown(verdict.challenger[name])
    rows["champion dr"] = _shown(verdict.champion["dr"])
    rows["gain"] = _shown(verdict.gain)
    if told.went_well is not None and told.went_well_without is not None:
        rows["went well"] = {
            "treated": round(told.went_well, 4),
            "control": round(told.went_well_without, 4),
            "of": f"{told.treated} and {told.control}",
        }
    rows["verdict"] = "accepted" if verdict.accepted else f"refused: {'; '.join(verdict.reasons)}"
    return rows


class _Row(NamedTuple):
    contenders: tuple[Candidate, ...]
    chosen: int
    lesson: Lesson
    context: tuple[float, ...]
    customer: int


def _row(record: DecisionRecord, lessons: dict[str, Lesson]) -> _Row | None:
    """A contested choice with what it earned; None for any other."""
    contenders = tuple(c for c in record.candidates if 0 < c.propensity < 1)
    if len(contenders) < 2 or record.group == "control":
        return None
    chosen = next((i for i, c in enumerate(contenders) if c.decision_id is not None), None)
    if chosen is None:
        return None
    lesson = lessons.get(contenders[chosen].decision_id or "")
    if lesson is None or lesson.reward is None:
        return None
    who = record.customer_id or record.conversation_id
    return _Row(contenders, chosen, lesson, record.context, crc32(who.encode()))


def _trial(rows: list[_Row], beliefs: Beliefs) -> tuple[Trial, Floats]:
    names = sorted({c.rule for row in rows for c in row.contenders})
    place = {rule: i for i, rule in enumerate(names)}
    targets, champion = np.zeros((len(rows), len(names))), np.zeros((len(rows), len(names)))
    for number, row in enumerate(rows):
        best = max(
            row.contenders, key=lambda c: (_priority(c, row.context, beliefs), -place[c.rule])
        )
        targets[number, place[best.rule]] = 1.0
        for candidate in row.contenders:
            champion[number, place[candidate.rule]] = candidate.propensity
    trial = Trial(
        contexts=np.array([row.context for row in rows], dtype=np.float64),
        actions=np.array([place[row.contenders[row.chosen].rule] for row in rows]),
        propensities=np.array([row.contenders[row.chosen].propensity for row in rows]),
        rewards=np.array([row.lesson.reward for row in rows], dtype=np.float64),
        targets=targets,
        customers=np.array([row.customer for row in rows]),
    )
    return trial, champion


def _priority(candidate: Candidate, context: tuple[float, ...], beliefs: Beliefs) -> float:
    found = beliefs.in_context(candidate.rule, context)
    learnt = None if found is None else Learnt(found.chance, found.lessons)
    return smoothed(learnt, candidate.chance, _EVIDENCE) * candidate.weight


def _went_well(
    lessons: Iterable[Lesson],
) -> tuple[int, int, float | None, float | None]:
    """Shares of conversations that went well with suggestions and without, each conversation once."""
    seen: dict[str, dict[str, bool]] = {"treated": {}, "control": {}}
    for lesson in lessons:
        if lesson.well is not None:
            seen[lesson.group][lesson.conversation_id] = lesson.well
    treated, control = seen["treated"].values(), seen["control"].values()
    return len(treated), len(control), _share(treated), _share(control)


def _share(told: Iterable[bool]) -> float | None:
    kept = list(told)
    return sum(kept) / len(kept) if kept else None


def _shown(estimate: Estimate) -> dict[str, float]:
    return {
        "value": round(estimate.value, 4),
        "low": round(estimate.low, 4),
        "high": round(estimate.high, 4),
    }


def _read(path: Path, kind: type[R]) -> list[R]:
    decoder = msgspec.json.Decoder(kind)
    records: list[R] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            records.append(decoder.decode(line))
        except UNREADABLE as error:
            raise SettingsError(f"{path}:{number}: {error}") from error
    return records
