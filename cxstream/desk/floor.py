"""Everything that is live: conversations, cards, escalations, approvals, in memory and bounded.

Every desk process holds all of it, from tailing every partition, so that any of them serves any agent. It
is rebuilt from the topics at start; nothing here has to be kept. What it takes changes it once, however
often it comes. `news` says what to tell whom about a change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from cxstream.desk.cards import Answers
from cxstream.desk.conversations import LiveConversation
from cxstream.desk.hour import Hour
from cxstream.desk.promised import Promised
from cxstream.desk.reasons import reasons, weight
from cxstream.desk.tokens import Viewer
from cxstream.desk.views import (
    CardView,
    ConversationView,
    EarlierView,
    EscalationView,
    RowView,
    earlier_view,
    escalation_view,
    line_view,
    row_view,
)
from cxstream.events import Action, Escalation, Nudge, Outcome, Passport, to_ms

CONVERSATIONS_KEPT = 5_000
EARLIER_KEPT = 5
DECIDED_KEPT = 10_000
SILENT_MS = 2 * 3_600_000
"""A conversation of which nothing was heard for so long leaves the floor."""

Place = tuple[str, str]
"""Tenant and id: ids of two tenants may be equal."""


class Card(Struct):
    """A nudge on somebody's screen; `gone` says why it left."""

    nudge: Nudge
    answers: Answers = field(default_factory=Answers)
    shown_here: bool = False
    gone: str | None = None

    def view(self) -> CardView:
        """As the streams carry it."""
        return CardView(self.nudge, self.answers.state)


class Raised(Struct):
    """An escalation and the answers to it."""

    escalation: Escalation
    answers: Answers = field(default_factory=Answers)

    @property
    def waits(self) -> bool:
        """Whether nobody has taken it, or put it aside."""
        return self.answers.state in ("open", "later")

    def view(self) -> EscalationView:
        """As the streams carry it."""
        return escalation_view(self.escalation, self.answers)


class Floor:
    """The state. Ask with a `Viewer`: what they may not see is not there."""

    def __init__(self, *, conversations_kept: int = CONVERSATIONS_KEPT) -> None:
        self.conversations: OrderedDict[Place, LiveConversation] = OrderedDict()
        self.cards: dict[str, Card] = {}
        self.raised: dict[str, Raised] = {}
        self.waiting: dict[str, Action] = {}
        self.decided: OrderedDict[str, None] = OrderedDict()
        self.passports: OrderedDict[Place, Passport] = OrderedDict()
        self.hour = Hour()
        self.promised = Promised()
        self._early: OrderedDict[str, list[Outcome]] = OrderedDict()
        self._kept = conversations_kept
        self._cards_of: dict[Place, list[str]] = {}
        self._raised_of: dict[Place, list[str]] = {}
        self._of_customer: dict[Place, list[str]] = {}

    def conversation(self, tenant: str, conversation_id: str) -> LiveConversation:
        """The conversation of that id, made if new; the one silent for longest goes when there are too many."""
        place = (tenant, conversation_id)
        found = self.conversations.get(place)
        if found is None:
            found = self.conversations[place] = LiveConversation(conversation_id, tenant)
            if len(self.conversations) > self._kept:
                self.forget(next(iter(self.conversations)))
        else:
            self.conversations.move_to_end(place)
        return found

    def forget(self, place: Place) -> None:
        """Drop a conversation, and all that hangs on it."""
        dropped = self.conversations.pop(place, None)
        for nudge_id in self._cards_of.pop(place, ()):
            self.cards.pop(nudge_id, None)
        for escalation_id in self._raised_of.pop(place, ()):
            self.raised.pop(escalation_id, None)
        if dropped is not None and dropped.customer_id:
            theirs = self._of_customer.get((place[0], dropped.customer_id), [])
            if place[1] in theirs:
                theirs.remove(place[1])
            if not theirs:
                self._of_customer.pop((place[0], dropped.customer_id), None)

    def silent(self, clock_ms: int) -> Iterator[Place]:
        """Conversations of which nothing was heard for long."""
        for place, conversation in self.conversations.items():
            if conversation.arrived_ms + SILENT_MS < clock_ms:
                yield place

    def belongs_to(self, conversation: LiveConversation) -> None:
        """Note whose conversation it is, once that is known."""
        if conversation.customer_id is None:
            return
        theirs = self._of_customer.setdefault((conversation.tenant, conversation.customer_id), [])
        if conversation.id not in theirs:
            theirs.append(conversation.id)
            del theirs[: -EARLIER_KEPT - 1]

    def keep_early(self, outcome: Outcome) -> None:
        """Keep an answer to what did not come yet: topics keep no order among each other."""
        self._early.setdefault(outcome.decision_id or "", []).append(outcome)
        if len(self._early) > DECIDED_KEPT:
            self._early.popitem(last=False)

    def add_card(self, nudge: Nudge) -> Card:
        """Keep a new nudge."""
        card = self.cards[nudge.id] = Card(nudge)
        for outcome in self._early.pop(nudge.id, ()):
            card.answers.take(outcome)
        self._cards_of.setdefault((nudge.tenant, nudge.conversation_id), []).append(nudge.id)
        return card

    def raise_up(self, escalation: Escalation) -> Raised:
        """Keep a new escalation."""
        raised = self.raised[escalation.id] = Raised(escalation)
        for outcome in self._early.pop(escalation.id, ()):
            raised.answers.take(outcome)
        place = (escalation.tenant, escalation.conversation_id)
        self._raised_of.setdefault(place, []).append(escalation.id)
        return raised

    def decide(self, action: Action) -> bool:
        """An action waits no longer, and never again; whether it did."""
        self.decided[action.id] = None
        if len(self.decided) > DECIDED_KEPT:
            self.decided.popitem(last=False)
        return self.waiting.pop(action.id, None) is not None

    def cards_of(self, conversation: LiveConversation) -> list[Card]:
        """The cards that have not left, in the order of their priority, those that must be said first."""
        ids = self._cards_of.get((conversation.tenant, conversation.id), ())
        held = [self.cards[i] for i in ids if self.cards[i].gone is None]
        return sorted(held, key=lambda c: (not c.nudge.must_say, -c.nudge.priority))

    def raised_of(self, conversation: LiveConversation) -> list[Raised]:
        """The escalations of a conversation, oldest first."""
        ids = self._raised_of.get((conversation.tenant, conversation.id), ())
        return [self.raised[i] for i in ids]

    def row(self, conversation: LiveConversation) -> RowView:
        """A conversation in one line."""
        raised = self.raised_of(conversation)
        waiting = [str(r.escalation.severity) for r in raised if r.waits]
        return row_view(
            conversation,
            weight=weight(conversation, waiting),
            why=reasons(conversation, waiting),
            nudges=sum(c.answers.state == "open" for c in self.cards_of(conversation)),
            escalations=[r.view() for r in raised],
        )

    def view(self, conversation: LiveConversation) -> ConversationView:
        """A conversation with everything beside it."""
        return ConversationView(
            row=self.row(conversation),
            tones=conversation.tones(),
            next_actions=conversation.next_actions,
            lines=[line_view(line) for line in conversation.ordered()],
            cards=[card.view() for card in self.cards_of(conversation)],
            earlier=self.earlier(conversation),
            passport=self._passport(conversation),
            promises=self.promised.open_for(conversation.tenant, conversation.customer_id),
        )

    def live_of(self, tenant: str, customer_id: str) -> list[LiveConversation]:
        """The conversations that a customer is in now."""
        ids = self._of_customer.get((tenant, customer_id), ())
        found = [self.conversations.get((tenant, i)) for i in ids]
        return [c for c in found if c is not None and c.state != "ended"]

    def earlier(self, conversation: LiveConversation) -> list[EarlierView]:
        """What the customer said in other conversations, newest first."""
        if conversation.customer_id is None:
            return []
        tenant = conversation.tenant
        ids = self._of_customer.get((tenant, conversation.customer_id), ())
        others = [self.conversations.get((tenant, i)) for i in ids if i != conversation.id]
        found = [other for other in others if other is not None]
        return [earlier_view(c) for c in sorted(found, key=lambda c: -c.last_ms)[:EARLIER_KEPT]]

    def seen_by(self, viewer: Viewer) -> list[LiveConversation]:
        """The conversations that somebody may look at: an agent's live ones, a supervisor's queues."""
        return [
            c
            for c in self.conversations.values()
            if may_see(viewer, c)
            and (viewer.role == "supervisor" or c.state != "ended")
            and (c.seq or self.raised_of(c))  # of others no more is known than a nudge or a summary
        ]

    def cards_for(self, viewer: Viewer) -> list[CardView]:
        """The cards on the screens that somebody may look at, most pressing first."""
        held = [
            card.view()
            for conversation in self.conversations.values()
            if conversation.tenant == viewer.tenant
            for card in self.cards_of(conversation)
            if may_see_card(viewer, card.nudge, conversation)
        ]
        return sorted(held, key=lambda c: (not c.nudge.must_say, -c.nudge.priority))

    def approvals_for(self, viewer: Viewer) -> list[Action]:
        """Actions that wait for a yes or no, in conversations that a supervisor sees; oldest first."""
        seen = [a for a in self.waiting.values() if self.may_see_action(viewer, a)]
        return sorted(seen, key=lambda action: action.event_time)

    def may_see_action(self, viewer: Viewer, action: Action) -> bool:
        """Whether an action is of a conversation that a supervisor sees."""
        conversation = self.conversations.get((action.tenant, action.conversation_id))
        queue = conversation.queue if conversation else None
        return action.tenant == viewer.tenant and viewer.sees_queue(queue)

    def may_see_customer(self, viewer: Viewer, customer_id: str) -> bool:
        """Whether the viewer sees a conversation of this customer; who sees all queues sees all customers."""
        ids = self._of_customer.get((viewer.tenant, customer_id), ())
        found = (self.conversations.get((viewer.tenant, i)) for i in ids)
        return viewer.sees_all or any(c is not None and may_see(viewer, c) for c in found)

    def open_cards(self) -> Iterable[Card]:
        """The cards that have not left."""
        return [card for card in self.cards.values() if card.gone is None]

    def _passport(self, conversation: LiveConversation) -> Passport | None:
        """The customer's passport, while it may be shown."""
        if conversation.customer_id is None:
            return None
        passport = self.passports.get((conversation.tenant, conversation.customer_id))
        if passport is None or to_ms(passport.expires_at) < conversation.last_ms:
            return None
        about_here = passport.conversation_id == conversation.id
        return passport if passport.scope == "customer" or about_here else None


def may_see(viewer: Viewer, conversation: LiveConversation) -> bool:
    """Whether this conversation is one of theirs."""
    if conversation.tenant != viewer.tenant:
        return False
    if viewer.role == "agent":
        return conversation.agent_id == viewer.name
    return viewer.sees_queue(conversation.queue)


def may_see_card(viewer: Viewer, nudge: Nudge, conversation: LiveConversation | None) -> bool:
    """Whether a nudge is for them: an agent sees their own and no other."""
    if nudge.tenant != viewer.tenant:
        return False
    if viewer.role == "agent":
        return nudge.agent_id == viewer.name
    return viewer.sees_queue(conversation.queue if conversation else None)
