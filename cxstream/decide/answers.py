"""What became of the cards of a conversation by the time it ends: those nobody answered, those nobody acted on.

Only what a desktop said was `shown` can be ignored. A card was acted on when somebody said so, or when an
action of the same rule in the same conversation was confirmed; what comes later than the end is for `lessons`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cxstream.context.given import Given
from cxstream.context.standing import Response

_ANSWERED = frozenset(("accepted", "dismissed", "later", "ignored", "overridden", "acted"))
_ACTED = frozenset(("acted", "confirmed"))


def left_open(
    given: Iterable[Given], responses: Iterable[Response], conversation_id: str
) -> Iterator[tuple[str, str]]:
    """Rules whose card was `ignored`, or `accepted_not_acted`, in a conversation that has ended."""
    kinds: dict[str, set[str]] = {}
    for response in responses:
        kinds.setdefault(response.decision_id, set()).add(response.kind)
    here = [g for g in given if g.conversation_id == conversation_id]
    acted = {g.rule for g in here if _ACTED & kinds.get(g.decision_id, set())}
    for one in (g for g in here if g.kind == "nudge"):
        heard = kinds.get(one.decision_id, set())
        if "accepted" in heard and "overridden" not in heard and one.rule not in acted:
            yield one.rule, "accepted_not_acted"
        elif "shown" in heard and not heard & _ANSWERED:
            yield one.rule, "ignored"
