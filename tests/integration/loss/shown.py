"""What a desk makes of all that is on the topics: nothing is shown twice, however often it comes.

The desk here is cxstream's own (`desk/news.py`); only the counting is ours.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from cxstream.desk import news
from cxstream.desk.floor import Floor
from cxstream.desk.newsroom import Tailed
from cxstream.desk.views import CardView, Said
from cxstream.events import Action

ROLES = frozenset(
    ("signals", "nudges", "actions", "escalations", "summaries", "outcomes", "passports", "ledger")
)
"""The topics that a desk follows."""


class Shown:
    """A desk that follows the session from its first record."""

    def __init__(self) -> None:
        self._floor = Floor()
        self._decoder: msgspec.json.Decoder[Tailed] = msgspec.json.Decoder(Tailed)
        self.times: Counter[str] = Counter()

    def take(self, role: str, value: bytes) -> None:
        """One record, as it came off its topic."""
        if role not in ROLES:
            return
        for one in news.take(self._floor, self._decoder.decode(value), 0):
            match one.body:
                case CardView(nudge=nudge) if one.kind == "nudge":
                    self.times[f"nudge {nudge.id}"] += 1
                case Action(id=name):
                    self.times[f"approval {name}"] += 1
                case Said(line=line) if line is not None:
                    self.times[f"line {line.fragment_id}"] += 1

    def twice(self) -> list[str]:
        """What was shown more than once."""
        return [what for what, times in self.times.items() if times > 1]
