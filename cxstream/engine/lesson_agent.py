"""cx.lessons -> cx.learnt: what each rule's outcomes teach; one table value a rule."""

from __future__ import annotations

from faust.types import EventT

from cxstream.engine import codec
from cxstream.engine.agent import BatchAgent, Desk, Reply
from cxstream.engine.state import StateTable, Write
from cxstream.engine.work import States, Step
from cxstream.errors import RecordError
from cxstream.events import Lesson
from cxstream.execute.delivery import Outbound
from cxstream.lessons.beliefs import as_record, taught, teaches
from cxstream.lessons.propensity import Propensity


class LessonAgent(BatchAgent):
    """Lessons in order, each rule's on its own key; what is believed after a batch is published once a rule."""

    stage = "lessons"

    def __init__(self, desk: Desk, table: StateTable) -> None:
        super().__init__(desk)
        self.table: StateTable = table

    async def think(self, batch: list[EventT]) -> tuple[list[Reply], list[Write]]:
        """Learn; a lesson that came before changes nothing."""
        states = States(self._load, Propensity.snapshot)
        replies: list[Reply] = []
        newest: dict[bytes, tuple[EventT, Lesson]] = {}
        for event in batch:
            try:
                lesson = codec.decode_lesson(event.message.value)
            except RecordError as error:
                replies.append(self._dead_letter(event, error))
                continue
            if not teaches(lesson):
                continue
            key = lesson.rule.encode()
            refused = self._stepped(states, event, key, self._step(lesson))
            replies += refused
            if not refused:
                newest[key] = (event, lesson)
        for key, (event, lesson) in newest.items():
            record = as_record(lesson.rule, states.get(event.message.partition, key), lesson)
            out = Outbound("learnt", lesson.rule, record)
            replies.append(Reply(out, self._spans.cause(event)))
        return replies, list(states.writes())

    @staticmethod
    def _step(lesson: Lesson) -> Step[Propensity]:
        def step(state: Propensity) -> list[Outbound]:
            taught(state, lesson)
            return []

        return step

    def _load(self, partition: int, key: bytes) -> Propensity:
        data = self.table.get(partition, key)
        return Propensity.restore(data) if data else Propensity()
