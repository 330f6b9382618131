"""A comparison as one HTML file: no script, nothing fetched, readable by day and by night."""

from __future__ import annotations

from html import escape

from cxstream.backtest.compare import Change, Comparison, How, RuleCount
from cxstream.backtest.words import summed_up

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --dim: #5d6675; --paper: #fbfbf9; --card: #fff;
  --line: #dcdfe4; --gained: #1a7f4b; --lost: #b3261e; --changed: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --dim: #9aa3b0; --paper: #14171c;
  --card: #1b1f26; --line: #313741; --gained: #5fd39a; --lost: #ff8f87; --changed: #f0bf5f; } }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
.dim { color: var(--dim); } .sum { font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--how);
  border-radius: 6px; padding: .75rem 1rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
.gained { --how: var(--gained); } .lost { --how: var(--lost); } .changed { --how: var(--changed); }
.how { color: var(--how); font-weight: 600; }
article p { margin: .25rem 0; } .said { border-left: 2px solid var(--line); padding-left: .75rem; }
"""

_HOW: dict[How, str] = {"gained": "new", "lost": "gone", "changed": "reads differently"}


def as_page(found: Comparison) -> str:
    """The page, complete."""
    moved = [r for r in found.rules if r.gained or r.lost or r.changed]
    rows = "".join(_row(rule) for rule in moved) or (
        '<tr><td colspan="7">No rule decides differently.</td></tr>'
    )
    examples = "".join(_example(change) for change in found.changes)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Backtest: {escape(found.new)}</title><style>{_STYLE}</style></head><body>
<h1>What would have changed</h1>
<p class="dim">{escape(found.old)} &rarr; {escape(found.new)}</p>
<p class="sum">{escape(summed_up(found))}</p>
<h2>Rule by rule</h2><div class="scroll"><table><thead><tr><th>Rule</th><th>Kind</th>
<th class="n">Before</th><th class="n">After</th><th class="n">New</th><th class="n">Gone</th>
<th class="n">Reads differently</th></tr></thead><tbody>{rows}</tbody></table></div>
<h2>Example by example</h2>{examples or "<p>None.</p>"}
</body></html>
"""


def _row(rule: RuleCount) -> str:
    figures = (rule.before, rule.after, rule.gained, rule.lost, rule.changed)
    cells = "".join(f'<td class="n">{figure}</td>' for figure in figures)
    return f"<tr><td>{escape(rule.rule)}</td><td>{escape(rule.kind)}</td>{cells}</tr>"


def _example(change: Change) -> str:
    made = change.made
    said = "".join(
        f"<p><span class='dim'>{escape(who)}</span> {escape(text)}</p>" for who, text in change.said
    )
    was = (
        f"<p class='dim'>was: {escape(change.instead.what)}</p>"
        if change.instead is not None
        else ""
    )
    where = f"{made.at:%Y-%m-%d %H:%M:%S} &middot; {escape(made.conversation_id)}"
    return (
        f"<article class='{change.how}'><p class='dim'>{where} &middot; {escape(made.customer_id)}</p>"
        f"<div class='said'>{said}</div>"
        f"<p><span class='how'>{escape(made.kind)}, {_HOW[change.how]}:</span> {escape(made.what)}</p>{was}"
        f"<p class='dim'>{escape(made.rule)}: {escape(made.why)}</p></article>\n"
    )
