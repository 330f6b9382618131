"""From the answers for records to the answer for a request."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response
from pydantic import BaseModel

from cxstream.desk.faults import Refusal, unavailable
from cxstream.desk.intake import UNAVAILABLE, Answer


class Answers(BaseModel):
    """How many records were accepted, and one answer for each, in the order of the request."""

    accepted: int
    refused: int
    items: list[Answer]


def answered(answers: Sequence[Answer], response: Response, *, whole: bool) -> Answers:
    """All accepted: 202; some refused: 207. Raises 503 when Kafka took none.

    `whole` is for a request that stands for one thing: refused altogether it is a 422 that says why.
    """
    accepted = sum(answer.accepted for answer in answers)
    if not accepted and any(answer.reason == UNAVAILABLE for answer in answers):
        raise unavailable()
    if answers and not accepted and whole:
        said = answers[0]
        raise Refusal(422, said.reason or "", said.field or "$", said.mend or "")
    response.status_code = 207 if accepted < len(answers) else 202
    return Answers(accepted=accepted, refused=len(answers) - accepted, items=list(answers))
