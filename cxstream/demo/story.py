"""A story: conversations as a contact centre knows them, and what must come out of them.

Read a story, turn it into the records that telephony would send, and compare what came out with what a
good team leader would want. The file format is `demo.script`, the clock is `demo.speech`, the comparison
`demo.expectations`.
"""

from __future__ import annotations

from datetime import datetime
from importlib import resources
from pathlib import Path

from msgspec import Struct

from cxstream.demo import expectations, speech
from cxstream.demo.places import Places, StoryError, read
from cxstream.demo.script import HAPPENINGS, SPEAKERS, Conversation, Line, Script
from cxstream.events import EPOCH, Output, Transcript, to_ms

__all__ = ["Story", "StoryError", "bundled", "check", "load_story"]

VOICE_ONLY = ("partials", "heard", "overlap", "takes")


class Story(Struct, frozen=True):
    """A story that holds: its script, every record in order of arrival, and when each line happened.

    `moments` knows a line by its label and by its fragment id.
    """

    name: str
    script: Script
    arrivals: tuple[speech.Arrival, ...]
    moments: dict[str, speech.Moment]

    @property
    def title(self) -> str:
        """One line for a list."""
        return self.script.title

    @property
    def conversation_ids(self) -> tuple[str, ...]:
        """The ids on the wire, in the order of the file."""
        return tuple(speech.wire_id(c.id) for c in self.script.conversations)

    def records(self) -> list[Transcript]:
        """What telephony sends: in order of event time, but for the lines marked `late`."""
        return [arrival.record for arrival in self.arrivals]


def load_story(source: Path | str) -> Story:
    """Read a story from a file (a Path) or from its text; raises StoryError with file, line and field."""
    if isinstance(source, Path):
        try:
            text, name = source.read_text(encoding="utf-8"), source.name
        except (OSError, UnicodeDecodeError) as error:
            raise StoryError(f"{source}:1 cannot be read: {error}") from error
    else:
        text, name = source, "story"
    script, places = read(text, Script, name)
    return _told(script, places, name.removesuffix(".yaml"))


def bundled() -> list[Story]:
    """The stories that come with cxstream, in order of their file names."""
    folder = resources.files("cxstream.demo") / "conversations"
    files = sorted(
        (f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda file: file.name
    )
    stories = []
    for file in files:
        script, places = read(file.read_text(encoding="utf-8"), Script, file.name)
        stories.append(_told(script, places, file.name.removesuffix(".yaml")))
    return stories


def check(story: Story, outputs: list[Output], *, nice: bool = False) -> list[str]:
    """Every miss in plain words; with `nice` also of what is only nice to have. Empty: all is well."""
    return [
        verdict.text
        for verdict in expectations.judge(story.script, story.moments, outputs)
        if not verdict.met and (nice or not verdict.nice)
    ]


def _told(script: Script, places: Places, name: str) -> Story:
    if script.start.tzinfo is None:
        raise places.error(".start", "needs a time zone, such as 2026-11-20T09:00:00Z")
    start_ms = to_ms(script.start)
    arrivals: list[speech.Arrival] = []
    moments: dict[str, speech.Moment] = {}
    ids: set[str] = set()
    for number, conversation in enumerate(script.conversations):
        path = f".conversations[{number}]"
        if conversation.id in ids:
            raise places.error(f"{path}.id", f"'{conversation.id}' stands here twice")
        ids.add(conversation.id)
        _sound(conversation, places, path)
        begin_ms = _begin_ms(conversation, start_ms, places, f"{path}.starts")
        told = speech.tell(conversation, begin_ms, script.tenant)
        arrivals += told.arrivals
        _name_lines(conversation, told.moments, moments, places, path)
    _sound_expectations(script, moments, ids, places)
    arrivals.sort(key=lambda arrival: arrival.at_ms)  # stable: what is sent first stays first
    return Story(name, script, tuple(arrivals), moments)


def _begin_ms(conversation: Conversation, story_ms: int, places: Places, path: str) -> int:
    """`starts` as a full date, or as seconds (or h:m:s) after the story's start."""
    try:
        return story_ms + round(speech.seconds(conversation.starts) * 1000)
    except ValueError:
        pass
    try:
        when = datetime.fromisoformat(conversation.starts)
        return (when - EPOCH) // (EPOCH.resolution * 1000)
    except (ValueError, TypeError) as error:
        problem = "expected seconds, minutes such as 12:30, or a date such as 2026-11-21T09:00:00Z"
        raise places.error(path, problem) from error


def _sound(conversation: Conversation, places: Places, path: str) -> None:
    """What the schema cannot say of lines."""
    for number, line in enumerate(conversation.lines):
        at = f"{path}.lines[{number}]"
        kinds = line.kinds()
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            wanted = ", ".join(SPEAKERS + HAPPENINGS)
            raise places.error(at, f"a line names exactly one of {wanted}; found {found}")
        _sound_time(line, places, at)
        if conversation.channel != "voice":
            for field in VOICE_ONLY:
                if getattr(line, field):
                    raise places.error(f"{at}.{field}", "only a voice line has it")
        if line.heard is not None and not line.partials:
            raise places.error(f"{at}.heard", "what was first heard shows in partials: give some")


def _sound_time(line: Line, places: Places, path: str) -> None:
    given = [f for f in ("at", "pause", "overlap") if getattr(line, f) is not None]
    if len(given) > 1:
        raise places.error(f"{path}.{given[1]}", f"contradicts '{given[0]}': give one of them")
    if line.at is not None:
        try:
            speech.seconds(line.at)
        except ValueError as error:
            problem = f"expected seconds, or minutes such as 2:07.5; found '{line.at}'"
            raise places.error(f"{path}.at", problem) from error


def _name_lines(
    conversation: Conversation,
    told: tuple[speech.Moment, ...],
    moments: dict[str, speech.Moment],
    places: Places,
    path: str,
) -> None:
    for number, (line, moment) in enumerate(zip(conversation.lines, told, strict=True)):
        for name in (line.label, moment.fragment_id):
            if name is None:
                continue
            if name in moments:
                raise places.error(
                    f"{path}.lines[{number}].label", f"'{name}' already names another line"
                )
            moments[name] = moment


def _sound_expectations(
    script: Script, moments: dict[str, speech.Moment], ids: set[str], places: Places
) -> None:
    """Every line and conversation that an expectation names must be there."""
    for number, expectation in enumerate(script.expect):
        path = f".expect[{number}]"
        kinds = expectation.kinds()
        if len(kinds) != 1:
            wanted = "nudge, action, escalation or summary"
            raise places.error(path, f"expected exactly one of {wanted}; found {kinds or 'none'}")
        _known(expectation, ("after", "by"), set(moments), places, path, "no line has this label")
        about = ("conversation", "summary")
        _known(expectation, about, ids, places, path, "no conversation has this id")
    for number, never in enumerate(script.nevers()):
        path = f".never[{number}]"
        _known(never, ("after", "before"), set(moments), places, path, "no line has this label")
        _known(never, ("conversation",), ids, places, path, "no conversation has this id")


def _known(
    item: Struct,
    fields: tuple[str, ...],
    names: set[str],
    places: Places,
    path: str,
    problem: str,
) -> None:
    for field in fields:
        name = getattr(item, field)
        if name is not None and name not in names:
            raise places.error(f"{path}.{field}", f"{problem}: '{name}'")
