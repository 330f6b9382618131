"""From recorded decisions and lessons to a verdict, by file and by command."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from lesson_signals import START_MS
from typer.testing import CliRunner

from cxstream.cli.main import app
from cxstream.errors import SettingsError
from cxstream.events import Candidate, DecisionRecord, Learnt, Lesson, from_ms
from cxstream.lessons.beliefs import Beliefs, as_record, taught
from cxstream.lessons.evaluation import evaluated, report
from cxstream.lessons.features import features
from cxstream.lessons.propensity import Propensity

CALM = features({"level": 0.4, "channel": "chat", "customer_turns": 2}, 0)
CROSS = features({"level": -0.8, "anger_max": 0.9, "channel": "chat", "customer_turns": 2}, 2)
SUCCESS = {
    ("offer", CALM): 0.8,
    ("offer", CROSS): 0.2,
    ("listen", CALM): 0.4,
    ("listen", CROSS): 0.7,
}


def recorded(count: int, seed: int = 1) -> tuple[list[DecisionRecord], list[Lesson]]:
    """A log in which `offer` mostly went first, and `listen` in a share of moments."""
    rng = np.random.default_rng(seed)
    decisions, lessons = [], []
    for n in range(count):
        context = CALM if rng.random() < 0.5 else CROSS
        chances = {"offer": 0.7, "listen": 0.3}
        rule = "offer" if rng.random() < 0.7 else "listen"
        candidates = [
            Candidate(
                rule=name,
                kind="nudge" if name == rule else "",
                propensity=chances[name],
                chance=0.3,
                weight=50.0,
                decision_id=f"d-{n}" if name == rule else None,
            )
            for name in sorted(chances, key=lambda name: name != rule)
        ]
        at = from_ms(START_MS + n)
        decisions.append(
            DecisionRecord(
                f"c-{n}", f"talk-{n}", at, context, tuple(candidates), customer_id=f"k-{n}"
            )
        )
        reward = float(rng.random() < SUCCESS[rule, context])
        lessons.append(
            Lesson(
                id=f"l-{n}",
                decision_id=f"d-{n}",
                conversation_id=f"talk-{n}",
                rule=rule,
                kind="nudge",
                event_time=at,
                settled_at=at,
                context=context,
                propensity=chances[rule],
                verdict="acted" if reward else "dismissed",
                reward=reward,
                well=bool(reward),
            )
        )
    return decisions, lessons


def believed(lessons: list[Lesson], *, upside_down: bool = False) -> list[Learnt]:
    """What lessons teach; or the opposite of it."""
    records = []
    for rule in ("offer", "listen"):
        model = Propensity()
        mine = [x for x in lessons if x.rule == rule and x.reward is not None]
        for one in mine:
            flipped = 1 - (one.reward or 0.0) if upside_down else one.reward
            taught(model, msgspec.structs.replace(one, reward=flipped))
        records.append(as_record(rule, model, mine[-1]))
    return records


def test_beliefs_that_know_moods_are_accepted_and_their_worth_is_found() -> None:
    _, past = recorded(800, seed=7)
    told = evaluated(*recorded(4_000), Beliefs(believed(past)))
    assert told.verdict.accepted, told.verdict.reasons
    assert told.verdict.challenger["dr"].covers(0.75)
    assert told.verdict.champion["dr"].covers(0.7 * 0.5 + 0.3 * 0.55)
    assert told.verdict.gain.low > 0
    assert (told.decisions, told.contested) == (4_000, 4_000)


def test_worse_beliefs_and_thin_logs_are_refused() -> None:
    _, past = recorded(800, seed=7)
    worse = evaluated(*recorded(4_000), Beliefs(believed(past, upside_down=True)))
    assert any("under the champion's" in reason for reason in worse.verdict.reasons)
    thin = evaluated(*recorded(120), Beliefs(believed(past)))
    assert any("too small" in reason for reason in thin.verdict.reasons)
    assert str(report(thin)["verdict"]).startswith("refused: the effective sample")


def test_a_log_without_exploring_says_so() -> None:
    decisions, lessons = recorded(50)
    certain = [
        msgspec.structs.replace(
            d,
            candidates=tuple(msgspec.structs.replace(c, propensity=1.0) for c in d.candidates[:1]),
        )
        for d in decisions
    ]
    with pytest.raises(SettingsError, match="CXSTREAM_EXPLORE_SHARE"):
        evaluated(certain, lessons, Beliefs())


def test_lessons_without_a_reward_and_the_control_group_are_left_out() -> None:
    decisions, lessons = recorded(400)
    lessons[0] = msgspec.structs.replace(lessons[0], reward=None, verdict="missing")
    decisions[1] = msgspec.structs.replace(decisions[1], group="control")
    lessons[1] = msgspec.structs.replace(lessons[1], group="control", reward=None, well=False)
    told = evaluated(decisions, lessons, Beliefs())
    assert told.contested == 398
    assert (told.control, told.went_well_without) == (1, 0.0)


def lines(path: Path, records: list[DecisionRecord] | list[Lesson] | list[Learnt]) -> str:
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return str(path)


def test_the_command_prints_the_figures_and_fails_when_it_refuses(tmp_path: Path) -> None:
    decisions, lessons = recorded(2_000)
    _, past = recorded(500, seed=7)
    files = ["--decisions", lines(tmp_path / "d.jsonl", decisions)]
    files += ["--lessons", lines(tmp_path / "l.jsonl", lessons)]
    good = ["--beliefs", lines(tmp_path / "good.jsonl", believed(past))]
    bad = ["--beliefs", lines(tmp_path / "bad.jsonl", believed(past, upside_down=True))]
    command = ["policy", "evaluate", *files]
    accepted = CliRunner().invoke(app, [*command, *good, "--json"])
    assert accepted.exit_code == 0
    figures = msgspec.json.decode(accepted.stdout)
    assert figures["verdict"] == "accepted" and figures["new dr"]["low"] > 0.6
    refused = CliRunner().invoke(app, [*command, *bad])
    assert refused.exit_code == 1 and "refused: its lower bound" in refused.stdout
    small = CliRunner().invoke(app, [*command, *good, "--least", "5000"])
    assert small.exit_code == 1 and "5000 are needed" in small.stdout
