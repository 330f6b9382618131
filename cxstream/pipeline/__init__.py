"""The step: what happens to one fragment, top to bottom. READ THIS FIRST.

    bytes ─▶ read ─▶ Heard ─▶ (scores) ─▶ hear ─▶ Signal ─▶ decide ─▶ Nudge, Action, Escalation, Summary
             listen    understand: a batch    context: conversation    context: customer, decide, execute

`conversation_hop` is the first half, `customer_hop` the second: read them in this order.

There are two hops, because facts of a conversation are kept by conversation and facts of a person by
person. `ConversationHop` turns a fragment and its scores into signals; `CustomerHop` turns a signal into
decisions. Both are pure: state and event in, state and events out; no clock, no broker, no model inside.
The engine only carries bytes between them, the tables and the topics.
"""

from cxstream.execute.delivery import Outbound
from cxstream.pipeline.conversation_hop import SCORED_ROLES, ConversationHop, Heard
from cxstream.pipeline.customer_hop import CustomerEvent, CustomerHop
from cxstream.pipeline.observer import Observer
from cxstream.pipeline.overload import Ladder, Rung

__all__ = [
    "SCORED_ROLES",
    "ConversationHop",
    "CustomerEvent",
    "CustomerHop",
    "Heard",
    "Ladder",
    "Observer",
    "Outbound",
    "Rung",
]
