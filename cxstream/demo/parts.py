"""Small parts of the live view: text that wraps beside a lead, bars, and the sign of a tone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

TONES = ((-0.6, "--", "bold dark_orange"), (-0.2, "- ", "dark_orange"), (0.2, ". ", ""))
PLEASED = ((0.6, "+ ", "sky_blue2"), (2.0, "++", "bold sky_blue2"))


class Item(NamedTuple):
    """A piece of a feed: a lead of fixed width, and a body that wraps beside it in `most` rows at most."""

    lead: Text
    body: Text
    most: int = 100


class Feed:
    """As many items as fit, wrapped; the last ones when `tail`, else the first ones."""

    def __init__(self, items: Iterable[Item], *, tail: bool) -> None:
        self.items = list(items)
        self.tail = tail

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or 20
        rows: list[Text] = []
        for item in reversed(self.items) if self.tail else self.items:
            wrapped = _wrap(item, console, options.max_width)
            rows = wrapped + rows if self.tail else rows + wrapped
            if len(rows) >= height:
                break
        shown = rows[-height:] if self.tail else rows[:height]
        yield from shown
        for _ in range(height - len(shown)):
            yield Text("")


def _wrap(item: Item, console: Console, width: int) -> list[Text]:
    indent = item.lead.cell_len
    lines = item.body.wrap(console, max(10, width - indent)) or [Text("")]
    rows = []
    for number, line in enumerate(lines):
        line.rstrip()
        rows.append(Text.assemble(item.lead if number == 0 else " " * indent, line))
    if len(rows) > item.most:
        rows = rows[: item.most]
        rows[-1].truncate(width - 1)
        rows[-1].append("..." if console.options.ascii_only else "…")
        rows[-1].truncate(width)
    return rows


def plain(text: str) -> str:
    """One line without control characters: a customer must not be able to drive the terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def bar(share: float, width: int, options: ConsoleOptions) -> str:
    """`share` (0 to 1) of `width` cells, filled."""
    full, empty = ("#", ".") if options.ascii_only else ("█", "░")
    done = round(share * width)
    return full * done + empty * (width - done)


def tone(valence: float) -> tuple[str, str]:
    """The sign and the style of a valence."""
    for limit, sign, style in TONES + PLEASED:
        if valence < limit:
            return sign, style
    return PLEASED[-1][1:]
