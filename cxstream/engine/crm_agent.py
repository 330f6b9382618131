"""cx.customers -> cx.signals: what a CRM says, put on the customer's key. No state."""

from __future__ import annotations

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Reply
from cxstream.engine.state import Write
from cxstream.errors import RecordError
from cxstream.pipeline import Outbound


class CrmAgent(BatchAgent):
    """What a CRM says of a customer, put on the customer's own key, whatever partitioner the CRM has."""

    stage = "crm"

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Read and pass on."""
        replies: list[Reply] = []
        for event in batch:
            try:
                record = codec.decode_customer(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            out = Outbound("signals", record.customer_id, record)
            replies.append(Reply(out, self._spans.cause(event)))
        return replies, []
