"""What can go wrong, as one tree.

    CxError
      ├── SettingsError        a setting is missing or contradicts another; the message names it
      ├── RecordError          a record cannot be read; `.field` and `.mend` say where and what to do
      │     └── NewerRecord    it was written by a later version of cxstream
      ├── PlaybookError        a playbook does not hold; `.problems` has file, line and what was expected
      ├── AccessError          who asks did not prove who they are, or may not see or do this
      ├── ModelError           a model is missing, or belongs to another encoder
      ├── DeliveryError        another system did not take what was sent to it; `.reason`, `.sure`
      └── EngineError          Kafka or Faust: topics that do not fit, a broker that does not answer
            ├── TopicMismatch  topics exist with another number of partitions
            └── StateError     state cannot be read or kept: a full disk, a damaged folder

Whoever catches `CxError` has caught everything that cxstream raises on purpose.
"""

from typing import Final

UNREADABLE: Final = (ValueError, RecursionError, OverflowError)
"""What the decoders of bytes raise (msgspec, json, tomllib, base64): all their own errors are ValueErrors, as
is text that is no UTF-8; beside them stand nesting without end, and numbers that no float holds."""


_FIELD_MAX, _MEND_MAX = 500, 1_500
_HEAD_MAX, _END_MAX = 200, 600


class CxError(Exception):
    """Base of all errors that cxstream raises on purpose."""


class SettingsError(CxError):
    """A setting is missing, malformed, or contradicts another."""


class RecordError(CxError):
    """A record that cannot be taken, with the field at fault and how to mend it.

    `reason` is a short machine word for metrics and dead letters (bounded vocabulary).
    """

    def __init__(self, reason: str, *, field: str, mend: str) -> None:
        # a path may be made of a sender's own keys
        field, mend = field[:_FIELD_MAX], mend[:_MEND_MAX]
        super().__init__(f"{field}: {mend}")
        self.reason = reason
        self.field = field
        self.mend = mend


class NewerRecord(RecordError):
    """The record's schema version is later than this program knows."""


class PlaybookError(CxError):
    """A playbook that does not hold; lists every problem, not just the first."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = [_shortened(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


def _shortened(problem: str) -> str:
    """Its ends say where it is and what is wrong; between them an author may have written much."""
    if len(problem) <= _HEAD_MAX + _END_MAX:
        return problem
    return f"{problem[:_HEAD_MAX]} ... {problem[-_END_MAX:]}"


class AccessError(CxError):
    """Whoever asks did not prove who they are, or may not see or do this; never says what is there."""


class ModelError(CxError):
    """A model is missing, damaged, or belongs to another encoder."""


class DeliveryError(CxError):
    """Another system did not take what was sent to it, for good or for as long as there was patience.

    `reason` is a short machine word (bounded vocabulary), `status` its HTTP answer where there was one.
    `sure` says that nothing was done there: it refused, or was never reached. Where it is False the other
    system may have done it all the same, and only the idempotency key makes another try harmless.
    """

    def __init__(
        self, reason: str, said: str, *, sure: bool, status: int | None = None, tries: int = 1
    ) -> None:
        super().__init__(said)
        self.reason = reason
        self.sure = sure
        self.status = status
        self.tries = tries


class EngineError(CxError):
    """Kafka or Faust cannot do what was asked."""


class TopicMismatch(EngineError):
    """Topics exist with another number of partitions than configured."""


class StateError(EngineError):
    """State cannot be read or kept: a full disk, a damaged or foreign folder. The changelog has all of it."""
