"""cx.approvals -> cx.signals: a human's word on an action, put on the key where the action waits. No state."""

from __future__ import annotations

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Reply
from cxstream.engine.state import Write
from cxstream.errors import RecordError
from cxstream.pipeline import Outbound


class ApprovalAgent(BatchAgent):
    """What supervisors say of actions that wait; whether they may is seen to where the action waits."""

    stage = "approvals"

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Read and pass on."""
        replies: list[Reply] = []
        for event in batch:
            try:
                approval = codec.decode_approval(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            key = approval.customer_id or approval.conversation_id
            out = Outbound("signals", key, approval)
            replies.append(Reply(out, self._spans.cause(event)))
        return replies, []
