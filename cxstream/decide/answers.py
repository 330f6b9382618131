"""What became of cards: those that were followed, those nobody answered, those nobody acted on.

Only what a desktop said was `shown` can be ignored. A card was acted on when somebody said so, when the
agent was heard to do it (see `acting`), or when an action of the same rule in the same conversation was
confirmed; what comes later than the end is for `lessons`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cxstream.context.customer import Customer
from cxstream.context.given import Given
from cxstream.context.standing import Response
from cxstream.decide.acting import done
from cxstream.decide.index import Ranked
from cxstream.decide.signals import role_guessed
from cxstream.events import Outcome, Role, Signal, record_id, to_ms

_ANSWERED = frozenset(("accepted", "dismissed", "later", "ignored", "overridden", "acted"))
_ACTED = frozenset(("acted", "confirmed"))
_QUOTED_MAX = 400


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


def followed(state: Customer, signal: Signal, rules: Mapping[str, Ranked]) -> Iterator[Outcome]:
    """The cards that an agent follows by what they say in a signal; none where who spoke is a guess."""
    if signal.role is not Role.AGENT or signal.text is None or role_guessed(signal):
        return
    here, at_ms = signal.conversation_id, to_ms(signal.event_time)
    responses = state.standing.responses
    for one in done(state.given, responses, rules, here, signal.text, at_ms):
        yield Outcome(
            id=record_id("outcome", one.decision_id, "acted"),
            kind="acted",
            conversation_id=here,
            event_time=signal.event_time,
            decision_id=one.decision_id,
            tenant=signal.tenant,
            customer_id=signal.customer_id,
            agent_id=signal.agent_id,
            source="conversation",
            reason=f'said "{signal.text[:_QUOTED_MAX]}"',
        )
