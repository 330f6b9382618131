"""How is the live view drawn? Conversations, the one in the middle, decisions, progress; any terminal size.

Colour says nothing that a sign does not say too: `++ + . - --` for the tone of a line, `!` for an
escalation, `>` for a nudge, `*` for an action. Blue is pleased and orange is not, which most colour-blind
people can tell apart.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cxstream.demo.parts import Feed, Item, bar, plain, tone
from cxstream.demo.seen import Decided, SeenConversation, SeenLine
from cxstream.events import Role, Stage

if TYPE_CHECKING:
    from cxstream.demo.view import DemoView

WIDE = 120
TALL = 36
ARC = "▁▂▃▄▅▆▇█"
ASCII_ARC = "_.,-=+*^"
ARC_LENGTH = 12
SPEAKERS = {
    Role.CUSTOMER: "cust",
    Role.AGENT: "agent",
    Role.BOT: "bot",
    Role.SUPERVISOR: "superv",
    Role.SYSTEM: "system",
    Role.UNKNOWN: "?",
}
SIGNS = {"nudge": (">", "bold"), "action": ("*", "bold"), "escalation": ("!", "bold reverse")}


class Screen:
    """Draws a DemoView at the size of whatever it is printed on."""

    def __init__(self, view: DemoView) -> None:
        self.view = view

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width, height = options.max_width, options.height or console.height
        root = Layout()
        wide = width >= WIDE and height >= TALL
        top = Layout(self.header(width), size=1)
        body = self.wide(options) if wide else self.narrow(options, height)
        root.split_column(top, *body, Layout(self.progress(options), size=1))
        yield from console.render(root, options.update(width=width, height=height))

    def wide(self, options: ConsoleOptions) -> list[Layout]:
        """Conversations and signals on the left, lines on the right, decisions below."""
        left = Layout(size=66)
        left.split_column(
            Layout(self.conversations(options, 14), name="conversations"),
            Layout(self.signals(options), size=10),
        )
        upper = Layout(ratio=5)
        upper.split_row(left, Layout(self.lines(with_signals=False)))
        return [upper, Layout(self.decisions(brief=False), ratio=4)]

    def narrow(self, options: ConsoleOptions, height: int) -> list[Layout]:
        """All one below the other; the lines and the decisions share what the list leaves."""
        rows = max(2, min(4, height // 6))
        return [
            Layout(self.conversations(options, rows), size=rows + 2),
            Layout(self.lines(with_signals=True), ratio=1),
            Layout(self.decisions(brief=True), ratio=1),
        ]

    def header(self, width: int) -> RenderableType:
        """The title, the time in the conversations, and the counts."""
        view = self.view
        live = sum(c.state != "ended" for c in view.conversations.values())
        counts = (
            f"{live} live, {len(view.conversations) - live} ended  "
            f"nudges {sum(view.rules['nudge'].values())}  "
            f"actions {sum(view.rules['action'].values())}  "
            f"escalations {sum(view.rules['escalation'].values())} "
        )
        now = _clock(view.now) if view.now else "--:--:--"
        left = f" cxstream  {now}"
        gap = max(1, width - len(left) - len(counts))
        return Text(left + " " * gap + counts, style="bold", no_wrap=True, overflow="ellipsis")

    def conversations(self, options: ConsoleOptions, rows: int) -> RenderableType:
        """The conversations in progress, newest last; ended ones only while there is room."""
        seen = list(self.view.conversations.values())
        live = [c for c in seen if c.state != "ended"]
        room = max(0, rows - len(live))
        ended = [c for c in seen if c.state == "ended"][-room:] if room else []
        shown = [c for c in seen if c in ended] + live[-rows:]
        table = Table.grid(padding=(0, 1), expand=True)
        for ratio in (None, 1, None, None, None, None, None):
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=ratio, max_width=24)
        for c in shown:
            mark = "»" if c is self.view.current else " "
            mark = ">" if options.ascii_only and mark != " " else mark
            ended_style = "dim" if c.state == "ended" else ""
            table.add_row(
                mark,
                c.id.removeprefix("demo:"),
                c.channel,
                c.customer or "unknown",
                c.agent or "-",
                _arc(c, ascii_only=options.ascii_only),
                c.state,
                style="bold" if c is self.view.current else ended_style,
            )
        return Panel(table, title="conversations", title_align="left", border_style="dim")

    def lines(self, *, with_signals: bool) -> RenderableType:
        """What is said in the conversation in the middle."""
        current = self.view.current
        if current is None:
            return Panel(
                Text("waiting for the first words"), title_align="left", border_style="dim"
            )
        name = self.view.titles.get(current.id) or current.id.removeprefix("demo:")
        title = Text(f"{name} ({current.channel}, {current.state})", style="bold")
        return Panel(
            Feed([_line(line) for line in current.lines.values() if line.text], tail=True),
            title=title,
            title_align="left",
            subtitle=_signal_words(current) if with_signals else None,
            subtitle_align="right",
            border_style="dim",
        )

    def signals(self, options: ConsoleOptions) -> RenderableType:
        """The numbers behind the newest line of the customer."""
        current = self.view.current
        scores = current.last_scored() if current is not None else None
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True)
        if current is not None and scores is not None:
            emotion = scores.emotion
            grid.add_row("wants", "", Text(_intents(current)))
            grid.add_row("valence", f"{scores.sentiment.valence:+.2f}", "")
            risk = current.risk or 0.0
            for name, share in (
                ("risk", risk),
                ("anger", emotion.anger),
                ("dissatisfied", emotion.dissatisfaction),
                ("distress", emotion.distress),
                ("confusion", emotion.confusion),
                ("abuse", scores.abuse),
            ):
                grid.add_row(name, f"{share:.2f}", bar(share, 30, options))
        return Panel(grid, title="signals", title_align="left", border_style="dim")

    def decisions(self, *, brief: bool) -> RenderableType:
        """Nudges, actions and escalations, newest first, each with its words and its reason."""
        items = [item for one in self.view.decided for item in _decision(one, brief=brief)]
        if not items:
            items = [Item(Text(""), Text("nothing to say so far", style="dim"))]
        return Panel(
            Feed(items, tail=False),
            title="decisions  > nudge  * action  ! escalation",
            title_align="left",
            border_style="dim",
        )

    def progress(self, options: ConsoleOptions) -> RenderableType:
        """How far the replay is."""
        view = self.view
        if not view.total:
            return Text(f" {view.done} records")
        share = min(1.0, view.done / view.total)
        left, right = f" {view.done}/{view.total} records ", f" {100 * share:3.0f} % "
        room = max(1, options.max_width - len(left) - len(right))
        return Text(left + bar(share, room, options) + right, no_wrap=True)


def _clock(at: datetime) -> str:
    return at.strftime("%H:%M:%S")


def _arc(conversation: SeenConversation, *, ascii_only: bool) -> Text:
    """The customer's tone over the last lines: the height says how well, and so does the colour."""
    steps = ASCII_ARC if ascii_only else ARC
    arc = Text()
    for valence in conversation.valences()[-ARC_LENGTH:]:
        level = min(len(steps) - 1, int((valence + 1) / 2 * len(steps)))
        arc.append(steps[level], style=tone(valence)[1])
    arc.append(" " * (ARC_LENGTH - len(arc)))
    return arc


def _line(line: SeenLine) -> Item:
    speaker = "note" if line.internal else SPEAKERS[line.role]
    sign, style = "  ", ""
    if line.valence is not None and line.role is Role.CUSTOMER:
        sign, style = tone(line.valence)
    if line.role is not Role.CUSTOMER or line.stage is Stage.PARTIAL:
        style = "dim"
    text = plain(line.text)
    if line.stage is Stage.PARTIAL:
        text += " ..."
    return Item(Text(f"{speaker:<6} {sign} ", style=style), Text(text, style=style))


def _intents(conversation: SeenConversation) -> str:
    scores = conversation.last_scored()
    if scores is None:
        return ""
    return f"{scores.intent.label.replace('_', ' ')} ({scores.intent.probability:.2f})"


def _signal_words(conversation: SeenConversation) -> str | None:
    scores = conversation.last_scored()
    if scores is None:
        return None
    risk = "" if conversation.risk is None else f", risk {conversation.risk:.2f}"
    return f"{_intents(conversation)}, valence {scores.sentiment.valence:+.2f}{risk}"


def _decision(decided: Decided, *, brief: bool) -> list[Item]:
    sign, style = SIGNS[decided.kind]
    title = Text(plain(decided.title), style=style)
    mark = f" ({decided.mark})" if decided.mark else ""
    title.append(mark, style="bold")
    to = f" to {decided.to}" if decided.to else ""
    where = decided.conversation_id.removeprefix("demo:")
    title.append(f"  {where}{to}", style="dim not reverse not bold")
    items = [Item(Text(f"{sign} {_clock(decided.at)} ", style="bold"), title)]
    if decided.say:
        lead = "say   " if decided.kind == "nudge" else "what  "
        items.append(Item(Text(f"  {lead}"), Text(plain(decided.say)), 2 if brief else 6))
    items.append(
        Item(
            Text("  why   ", style="dim"),
            Text(f"{decided.rule}: {plain(decided.because)}", style="dim"),
            1 if brief else 4,
        )
    )
    return items
