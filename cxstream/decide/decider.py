"""The one call of the stage: a moment and what was given before, to decisions."""

from __future__ import annotations

from collections.abc import Sequence

from cxstream.context.given import Given
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.playbook import Playbook


class Decider:
    """Decides by its playbooks; holds no state but them, so that one serves every customer."""

    def __init__(self, playbooks: Sequence[Playbook]) -> None:
        self.playbooks = tuple(playbooks)

    def decide(self, moment: Moment, given: tuple[Given, ...]) -> Decided:
        """The decisions of a moment; the same moment and givens give the same decisions."""
        return Decided((), given)
