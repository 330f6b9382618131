"""cx.outcomes -> cx.signals: what became of decisions, put on the customer's key. No state."""

from __future__ import annotations

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Reply
from cxstream.engine.state import Write
from cxstream.errors import RecordError
from cxstream.pipeline import Outbound


class OutcomeAgent(BatchAgent):
    """What desktops, executors and CRMs report of decisions, put on the key whose decisions they were.

    What conversations say of themselves (`source` is `conversation`) came from that key and is not sent back.
    """

    stage = "outcomes"

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Read and pass on."""
        replies: list[Reply] = []
        for event in batch:
            try:
                outcome = codec.decode_outcome(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            if outcome.source == "conversation":
                continue
            key = outcome.customer_id or outcome.conversation_id
            out = Outbound("signals", key, outcome)
            replies.append(Reply(out, self._spans.cause(event)))
        return replies, []
