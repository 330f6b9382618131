"""Which version of a playbook decides for whom: live, on trial in shadow, on trial for a share of customers.

What is released comes as records: the text of each version, and by name which one is live and which on trial.
They may come in any order and more than once; a release holds once the text of its version is known, and one
that does not load changes nothing. The files that a worker was started with are live until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b

from cxstream.context.given import Given
from cxstream.decide.deciding import Deciding
from cxstream.decide.index import Index, Ranked
from cxstream.decide.load import load_playbook
from cxstream.decide.moment import Decided, Moment
from cxstream.decide.playbook import Playbook
from cxstream.decide.policy import PassportPolicy
from cxstream.errors import PlaybookError, RecordError
from cxstream.events import (
    PlaybookEvent,
    PlaybookRecord,
    PlaybookRelease,
    Shadow,
    Signal,
    record_id,
)

Make = Callable[[Sequence[Playbook]], Deciding]


class Released:
    """Who decides, as the releases say; stands where a `Decider` stands."""

    def __init__(self, files: Sequence[Playbook], make: Make) -> None:
        self._make = make
        self._files = {playbook.name: playbook for playbook in files}
        self._versions = {(p.name, p.version): p for p in files}
        self._releases: dict[str, PlaybookRelease] = {}
        self._live = make(files)
        self._canaries: list[tuple[str, float, Deciding]] = []
        self._shadow: Deciding | None = None

    def take(self, record: PlaybookEvent) -> None:
        """Hear of a version or a release. Raises `RecordError` for what cannot be in force; the rest holds."""
        if isinstance(record, PlaybookRelease):
            held = self._releases.get(record.name)
            if held is None or held.event_time <= record.event_time:
                self._releases[record.name] = record
        else:
            self._versions[(record.name, record.version)] = _playbook(record)
        problems = self._build()
        if record.name in problems:
            raise RecordError("bad_playbook", field="rules", mend=problems[record.name])

    def decide(self, moment: Moment, given: tuple[Given, ...]) -> Decided:
        """The decisions of a moment, by whoever is chosen for its customer."""
        return self.chosen(moment.customer_id or moment.conversation_id).decide(moment, given)

    def chosen(self, customer: str) -> Deciding:
        """The canary for its share of customers, the live one for the others."""
        for salt, share, trial in self._canaries:
            if share_of(customer, salt) < share:
                return trial
        return self._live

    @property
    def shadow(self) -> Deciding | None:
        """Who is tried beside the live one."""
        return self._shadow

    @property
    def playbooks(self) -> tuple[Playbook, ...]:
        """The live ones."""
        return self._live.playbooks

    @property
    def rules(self) -> Mapping[str, Ranked]:
        """The live rules by id."""
        return self._live.rules

    @property
    def passport(self) -> PassportPolicy:
        """What the live ones allow to be passed on."""
        return self._live.passport

    def _build(self) -> dict[str, str]:
        """Make everything anew; by name the problems of what does not fit and is left out.

        Of two that do not fit together the one that was released first holds, in whatever order they came.
        """
        live, problems = self._fitting()
        canaries: list[tuple[str, float, Deciding]] = []
        shadow: Deciding | None = None
        for name, release in sorted(self._releases.items()):
            trial = self._versions.get((name, release.trial or ""))
            if trial is None:
                continue
            try:
                beside = self._make((trial, *(p for n, p in live.items() if n != name)))
            except PlaybookError as error:
                problems[name] = str(error)
                continue
            if release.mode == "canary":
                canaries.append((f"{name}@{trial.version}", release.share, beside))
            else:
                shadow = beside
        self._live = self._make(tuple(live.values()))
        self._canaries, self._shadow = canaries, shadow
        return problems

    def _fitting(self) -> tuple[dict[str, Playbook], dict[str, str]]:
        """The live playbooks by name, and the problems of those that do not fit beside them."""
        live, problems = dict(self._files), dict[str, str]()
        for release in sorted(self._releases.values(), key=lambda r: (r.event_time, r.name)):
            playbook = self._versions.get((release.name, release.live))
            if playbook is None:
                continue
            tried = {**live, release.name: playbook}
            try:
                Index(tuple(tried.values()))
            except PlaybookError as error:
                problems[release.name] = str(error)
            else:
                live = tried
        return live, problems


def share_of(customer: str, salt: str) -> float:
    """Where a customer stands between 0 and 1: the same for ever, another for each trial."""
    digest = blake2b(f"{salt}\x1f{customer}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def compare(signal: Signal, trial: Playbook, live: Decided, tried: Decided) -> Shadow:
    """What the live playbook and the one in shadow decided at a moment."""
    ours, theirs = _members(live), _members(tried)
    return Shadow(
        id=record_id("shadow", signal.id, trial.name, trial.version),
        conversation_id=signal.conversation_id,
        event_time=signal.event_time,
        playbook=trial.name,
        version=trial.version,
        only_live=tuple(sorted(ours - theirs)),
        only_trial=tuple(sorted(theirs - ours)),
        both=tuple(sorted(ours & theirs)),
        tenant=signal.tenant,
        customer_id=signal.customer_id,
    )


def _members(decided: Decided) -> set[str]:
    return {f"{d.kind}:{d.why.rule.id}" for d in decided.decisions}


def _playbook(record: PlaybookRecord) -> Playbook:
    """The playbook of a record. Raises `RecordError` when it does not hold, or is another than it says."""
    try:
        playbook = load_playbook(record.text, f"{record.name}@{record.version}")
    except PlaybookError as error:
        raise RecordError("bad_playbook", field="text", mend=str(error)) from error
    if (playbook.name, playbook.version) != (record.name, record.version):
        raise RecordError(
            "bad_value",
            field="version",
            mend=f"the text is {playbook.name} {playbook.version}, the record says"
            f" {record.name} {record.version}",
        )
    return playbook
