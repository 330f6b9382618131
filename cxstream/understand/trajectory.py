"""How a conversation is going by weights that a person chose: its facts so far in, three numbers out.

It reads only running sums and maxima (see `context.arc.facts`), so it costs the same after the thousandth
utterance as after the first, and gives the same on every replay. It answers where no fitted model does
(`stream`), and gives the index that rules compare with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log1p
from types import MappingProxyType
from typing import Final

from cxstream.context.foresight import Outlook, Ranked, Said
from cxstream.events import Risk

OUTCOMES: Final = ("annoyed", "dissatisfied", "goal_not_met")
MOST_TURNS: Final = 40
"""Counts are cut here: a call of a hundred turns is not more hopeless for its length alone."""


def measures(facts: Mapping[str, object]) -> dict[str, float]:
    """The numbers that a trajectory weighs, each about 0 to 1 and higher where things go worse.

    A single cross word at the beginning says little, so the tone counts more as turns are heard.
    """
    turns = min(_number(facts, "customer_turns"), MOST_TURNS)
    heard = turns / (turns + 2)
    return {
        "bad_level": max(0.0, -_number(facts, "level")),
        "good_level": max(0.0, _number(facts, "level")),
        "falling": max(0.0, -_number(facts, "trend")),
        "bad_mean": heard * max(0.0, -_number(facts, "mean_valence")),
        "worst": max(0.0, -_number(facts, "min_valence")),
        "negative_share": heard * _number(facts, "negative_share"),
        "negative_run": min(_number(facts, "negative_run"), 4) / 4,
        "anger": _number(facts, "anger_max"),
        "dissatisfaction": _number(facts, "dissatisfaction_max"),
        "abuse": _number(facts, "abuse_max"),
        "repeats": min(_number(facts, "repeats"), 4) / 4,
        "confused": min(_number(facts, "confused_turns"), 4) / 4,
        "turns": log1p(turns) / log1p(MOST_TURNS),
        "minutes": log1p(min(_number(facts, "age_s"), 3600) / 60) / log1p(60),
        "unanswered": 1.0 if turns >= 3 and not _number(facts, "agent_turns") else 0.0,
    }


@dataclass(frozen=True, slots=True)
class Weighing:
    """A logistic: probability = 1 / (1 + exp(-(offset + sum of weight times measure)))."""

    offset: float
    weights: Mapping[str, float]

    def probability(self, measured: Mapping[str, float]) -> float:
        total = self.offset + sum(w * measured[name] for name, w in self.weights.items())
        return round(1 / (1 + exp(-max(-60.0, min(60.0, total)))), 4)


class RuleTrajectory:
    """Risk by weights that a person chose and can read; a `Foresight` without memory.

    Facts that are missing count as zero: a conversation without a scored word has the lowest risk.

    The offsets put a calm conversation near 0.05; two or three negative utterances in a row, or a
    fall from good to bad, lead beyond one half; no single measure does so alone, except open abuse.
    """

    weighings: Final = MappingProxyType(
        {
            "annoyed": Weighing(
                -3.2,
                {
                    "bad_level": 2.6,
                    "falling": 1.0,
                    "negative_run": 1.6,
                    "anger": 1.8,
                    "abuse": 2.2,
                    "repeats": 1.2,
                    "good_level": -1.2,
                },
            ),
            "dissatisfied": Weighing(
                -3.0,
                {
                    "bad_level": 2.2,
                    "negative_share": 1.6,
                    "negative_run": 1.2,
                    "dissatisfaction": 1.4,
                    "repeats": 1.2,
                    "good_level": -1.8,
                },
            ),
            "goal_not_met": Weighing(
                -3.0,
                {
                    "bad_level": 1.6,
                    "bad_mean": 1.0,
                    "repeats": 2.0,
                    "confused": 1.2,
                    "minutes": 0.8,
                    "unanswered": 0.8,
                    "good_level": -1.6,
                },
            ),
        }
    )

    def risk(self, facts: Mapping[str, object]) -> Risk:
        """The three numbers, each from 0 to 1: an index, not a probability."""
        return self.weigh(measures(facts)).risk

    def weigh(self, measured: Mapping[str, float]) -> Outlook:
        """The three numbers, and the largest as the level, from the `measures` of the facts."""
        found = {name: self.weighings[name].probability(measured) for name in OUTCOMES}
        return Outlook(Risk(**found), max(found.values()))

    def follow(self, memory: bytes, said: Said) -> bytes:
        """Nothing is remembered: the facts are enough."""
        return b""

    def outlook(self, memory: bytes, facts: Mapping[str, object]) -> Outlook:
        return self.weigh(measures(facts))

    def next_actions(self, memory: bytes) -> Ranked:
        """None: the facts don't say."""
        return ()


def _number(facts: Mapping[str, object], name: str) -> float:
    value = facts.get(name, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0
