"""Who decides: what the pipeline needs of a decider, whether it learns, is released in versions, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cxstream.context.given import Given
from cxstream.decide.index import Ranked
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.playbook import Playbook
from cxstream.decide.policy import PassportPolicy


class Deciding(Protocol):
    """Decides by playbooks, for one customer or for all of them."""

    def decide(self, moment: Moment, given: tuple[Given, ...]) -> Decided:
        """The decisions of a moment; the same moment and givens give the same decisions."""

    def chosen(self, customer: str) -> Deciding:
        """Who decides for this customer: always the same one while nothing is released."""

    @property
    def shadow(self) -> Deciding | None:
        """Who is tried beside it; nothing of what that decides is done."""

    @property
    def playbooks(self) -> tuple[Playbook, ...]:
        """By which playbooks."""

    @property
    def rules(self) -> Mapping[str, Ranked]:
        """Their rules by id."""

    @property
    def passport(self) -> PassportPolicy:
        """What may be passed on."""
