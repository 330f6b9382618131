"""A comparison in the terminal: the sum first, then rule by rule, then example by example."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cxstream.backtest.compare import Change, Comparison, How

SIGNS: dict[How, tuple[str, str]] = {
    "gained": ("+", "green"),
    "lost": ("-", "red"),
    "changed": ("~", "yellow"),
}


def summed_up(found: Comparison) -> str:
    """The whole in one sentence."""
    if not found.changes:
        return (
            f"Nothing changes: {found.before} decisions in {found.conversations} conversations are"
            f" the same under {found.new}."
        )
    return (
        f"{len(found.changes)} decisions change in {found.touched_conversations} of"
        f" {found.conversations} conversations, for {found.touched_customers} of {found.customers}"
        f" customers: {found.before} before, {found.after} after."
    )


def as_text(found: Comparison, examples: int) -> RenderableType:
    """The comparison, with at most so many examples."""
    parts: list[RenderableType] = [Text(f"{found.old}  ->  {found.new}", "bold")]
    parts.append(Text(summed_up(found)))
    moved = [r for r in found.rules if r.gained or r.lost or r.changed]
    if moved:
        table = Table("rule", "kind", "before", "after", "gained", "lost", "reads differently")
        for rule in moved:
            figures = (rule.before, rule.after, rule.gained, rule.lost, rule.changed)
            table.add_row(rule.rule, rule.kind, *map(str, figures))
        parts.append(table)
    parts += [_example(change) for change in found.changes[:examples]]
    left = len(found.changes) - examples
    if left > 0:
        parts.append(Text(f"... and {left} more: --examples N, or --html FILE", "dim"))
    return Group(*parts)


def _example(change: Change) -> Text:
    made, (sign, style) = change.made, SIGNS[change.how]
    text = Text(
        f"\n{made.at:%Y-%m-%d %H:%M:%S}  {made.conversation_id} ({made.customer_id})\n", "dim"
    )
    for who, said in change.said:
        text.append(f"    {who:9} {said}\n")
    text.append(f"  {sign} {made.kind}: {made.what}\n", style)
    if change.instead is not None:
        text.append(f"    was: {change.instead.what}\n", "dim")
    text.append(f"    {made.rule}: {made.why}", "dim")
    return text
