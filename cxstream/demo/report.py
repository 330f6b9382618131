"""What came of the demo? The table at its end: traffic, decisions by rule, latency, expectations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cxstream.demo.expectations import Verdict

PERCENTILES = (50, 95, 99)


class Totals(Struct, frozen=True):
    """The figures of a run: the channel of each conversation, and decisions by kind and rule."""

    conversations: list[str]
    fragments: int
    rules: dict[str, dict[str, int]]
    summaries: int
    dead_letters: int = 0


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of a non-empty sequence; `share` from 0 to 100."""
    ordered = sorted(values)
    rank = -(-len(ordered) * share // 100)
    return ordered[max(0, int(rank) - 1)]


def report(
    totals: Totals,
    latencies_s: Sequence[float],
    verdicts: Mapping[str, Sequence[Verdict]],
) -> RenderableType:
    """The closing table, and under it every expectation that was missed, story by story."""
    table = Table(title="What happened", title_justify="left", box=None, pad_edge=False)
    table.add_column("", style="bold", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("")
    channels = Counter(totals.conversations).most_common()
    named = ", ".join(f"{count} {channel}" for channel, count in channels)
    table.add_row("conversations", str(len(totals.conversations)), named)
    table.add_row("fragments", str(totals.fragments), "")
    for kind, rules in totals.rules.items():
        by_rule = ", ".join(f"{rule} {count}" for rule, count in _often_first(rules))
        table.add_row(f"{kind}s", str(sum(rules.values())), by_rule)
    table.add_row("summaries", str(totals.summaries), "")
    if totals.dead_letters:
        table.add_row("dead letters", str(totals.dead_letters), "records that could not be read")
    if latencies_s:
        spread = ", ".join(f"p{p} {1000 * percentile(latencies_s, p):.0f} ms" for p in PERCENTILES)
        table.add_row("latency", str(len(latencies_s)), f"event to decision: {spread}")
    judged = [verdict for story in verdicts.values() for verdict in story]
    essential = [verdict for verdict in judged if not verdict.nice]
    nice = [verdict for verdict in judged if verdict.nice]
    if judged:
        table.add_row(
            "expectations",
            f"{_met(essential)}/{len(essential)}",
            f"met in {len(verdicts)} stories; and {_met(nice)} of {len(nice)} that are nice to have",
        )
    return Group(table, *_misses(verdicts))


def _often_first(rules: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(rules.items(), key=lambda item: (-item[1], item[0]))


def _met(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict.met for verdict in verdicts)


def _misses(verdicts: Mapping[str, Sequence[Verdict]]) -> list[Text]:
    lines = []
    for title, story in verdicts.items():
        missed = [verdict for verdict in story if not verdict.met]
        if missed:
            lines.append(Text(f"\n{title}", style="bold"))
        for verdict in missed:
            sign = "(nice) " if verdict.nice else "x "
            lines.append(Text(f"  {sign}{verdict.text}"))
    return lines
