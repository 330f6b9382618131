"""A journey as people read it: one line a step, conversations apart, reasons below."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from cxstream.lessons.journey import Journey, Step
from cxstream.lessons.telling import Stage

_MARKS: dict[Stage, tuple[str, str]] = {
    "heard": ("heard", "default"),
    "understood": ("  understood", "dim"),
    "decided": ("  decided", "bold cyan"),
    "done": ("  done", "green"),
    "outcome": ("came of it", "yellow"),
    "learnt": ("learnt", "magenta"),
}


def as_text(journey: Journey) -> RenderableType:
    """All steps, in order; a heading wherever another conversation goes on."""
    lines = [Text(f"{journey.customer_id}: {len(journey.conversations)} conversations", "bold")]
    before = ""
    for step in journey.steps:
        if step.conversation_id != before:
            before = step.conversation_id
            lines.append(Text(f"\n{step.at:%Y-%m-%d}  {before}", "underline"))
        lines.append(_line(step))
        if step.why:
            lines.append(Text(f"{'':24}because {step.why}", "dim"))
    return Group(*lines)


def _line(step: Step) -> Text:
    mark, style = _MARKS[step.stage]
    who = f"{step.who}: " if step.who else ""
    return Text.assemble(
        (f"{step.at:%H:%M:%S}  ", "dim"), (f"{mark:14}", style), f"{who}{step.what}"
    )
