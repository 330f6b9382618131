"""An audit as people and programs read it: the section of a model's card, and one row a swap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cxstream.learn.audit import Audit, Figure, Found
from cxstream.learn.audit_bounds import BOUNDS, CHANGES, RISES, RISKS, SHARES

_INTRO: Final = """\
Sentences of our own (`learn/audit.yaml`: 15 conversations, 60 customer's turns; for sexes 94 sentences more)
are said twice, alike but for one thing, and the second's scores less the first's are the change: its mean,
and in brackets a 95 % interval (bootstrap over turns; for risk over conversations). The reference is plain
English under an English name with a husband, a father, a sir. `cxstream audit` measures it again and fails
when a bound is crossed (`learn/audit_bounds.py` says why these); figures past their bound are in bold.
"""
_TABLES: Final[Sequence[tuple[str, ...]]] = (CHANGES, (*SHARES, *RISES), RISKS)


def audit_section(result: Audit) -> str:
    """The audit in Markdown, to stand under a heading of the model's card."""
    crossed = result.crossed
    verdict = (
        f"**{len(crossed)} bounds are crossed:**\n\n" + "\n".join(f"* {one}" for one in crossed)
        if crossed
        else "No bound is crossed."
    )
    return "\n".join((_INTRO, tables(result), _outliers(result), verdict, ""))


def _outliers(result: Audit) -> str:
    """The names that single themselves out, of all groups the three with the highest rise."""
    named = {one.outlier: one.outlier_rise for one in result.found if one.outlier}
    highest = sorted(named.items(), key=lambda item: (-item[1], item[0]))[:3]
    said = ", ".join(f"{name} ({_signed(rise)})" for name, rise in highest)
    return f"The names whose abuse score rises most over the reference's, by their mean: {said}.\n"


def tables(result: Audit) -> str:
    """Three Markdown tables, one row a swap: the scores, the labels, the risk of the conversation."""
    return "\n".join(_table(result, measures) for measures in _TABLES)


def _table(result: Audit, measures: Sequence[str]) -> str:
    lines = [
        f"| kind | what is swapped in | texts | {' | '.join(measures)} |",
        f"|---|---|---|{'---|' * len(measures)}",
    ]
    for one in result.found:
        cells = " | ".join(_cell(one, measure) for measure in measures)
        lines.append(f"| {one.kind} | {one.what} | {one.texts} | {cells} |")
    for kind, bound in BOUNDS.items():
        cells = " | ".join(f"{bound[measure]:g}" for measure in measures)
        lines.append(f"| bound, {kind} |  |  | {cells} |")
    return "\n".join(lines) + "\n"


def _cell(one: Found, measure: str) -> str:
    figure = one.figures.get(measure)
    if figure is None:
        return ""
    said = f"{_signed(figure.mean)} [{_signed(figure.low)}, {_signed(figure.high)}]"
    return f"**{said}**" if measure in one.beyond else said


def _signed(value: float) -> str:
    return f"{value:+.3f}" if abs(value) >= 0.0005 else "0"


def rows(result: Audit) -> list[dict[str, object]]:
    """One object a swap, for programs: every figure with its interval, and the bounds it crossed."""
    return [
        {
            "model": result.model,
            "kind": one.kind,
            "swap": one.what,
            "texts": one.texts,
            "figures": {name: _parts(figure) for name, figure in one.figures.items()},
            "beyond": list(one.beyond),
            "outlier": one.outlier,
            "outlier_rise": one.outlier_rise,
        }
        for one in result.found
    ]


def _parts(figure: Figure) -> dict[str, float]:
    return {"mean": figure.mean, "low": figure.low, "high": figure.high, "units": figure.units}
