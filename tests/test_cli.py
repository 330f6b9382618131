"""The command line as a stranger uses it: help, errors in one line, clean streams, and a round trip."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
from typer.testing import CliRunner, Result
from waiting import until

from cxstream import bootstrap, cli, decide
from cxstream.cli import console
from cxstream.errors import CxError, RecordError, SettingsError
from cxstream.events import Scores
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.lines import read_batches, score_lines

COMMANDS = (
    "demo broker worker desk replay tail score doctor train evaluate schema topics playbook"
    " dead-letters bench"
).split()
SUBCOMMANDS = [
    ("topics", "create"),
    ("topics", "list"),
    ("playbook", "check"),
    ("dead-letters", "list"),
    ("dead-letters", "replay"),
    ("dead-letters", "show"),
    ("train", "intents"),
]
LIMIT_S = 90
OUTPUTS = {
    f"cx.{role}.jsonl"
    for role in (
        "signals", "nudges", "actions", "escalations", "summaries", "passports", "outcomes", "decisions",
        "lessons", "learnt", "dead-letters",
    )
}  # fmt: skip


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own, where streams and exit codes are the real ones."""
    return feed(b"", *arguments, **variables)


def feed(stdin: bytes, *arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """The same, with something on its standard input."""
    return subprocess.run(
        [sys.executable, "-m", "cxstream", *arguments],
        input=stdin,
        capture_output=True,
        timeout=LIMIT_S,
        env=environment(variables),
        check=False,
    )


def environment(variables: dict[str, str]) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CXSTREAM_")}
    return clean | {"CXSTREAM_" + name: value for name, value in variables.items()}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("CXSTREAM_")]:
        monkeypatch.delenv(name)


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments, env={"COLUMNS": "200", "TERM": "dumb"})


def fails(*arguments: str) -> str:
    """What `main` would print for an error made on purpose: one line."""
    result = invoke(*arguments)
    assert result.stdout == ""
    assert isinstance(result.exception, CxError), result.exception
    said = str(result.exception)
    assert "\n" not in said
    return said


# help


def test_help_lists_every_command() -> None:
    said = invoke("--help").output
    assert set(COMMANDS) <= set(re.findall(r"^│ ([\w-]+) ", said, re.MULTILINE))


@pytest.mark.parametrize("command", [*[(c,) for c in COMMANDS], *SUBCOMMANDS], ids=" ".join)
def test_every_command_and_every_option_has_help(command: tuple[str, ...]) -> None:
    result = invoke(*command, "--help")
    assert result.exit_code == 0
    bare = re.findall(r"^│ [* ]*(--[\w-]+|FILE\.\.\.|TOPIC)\s+(?:<\S+>|[A-Z:,.|]+)?\s*│$",
                      result.output, re.MULTILINE)  # fmt: skip
    assert bare == [], "an option without a word of help"


# errors


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["replay", "{file}", "--format", "vhs"], ["--format", "canonical", "'vhs'"]),
        (["replay", "{file}", "--speed", "warp"], ["--speed", "max", "'warp'"]),
        (["replay", "{file}", "--speed", "inf"], ["--speed"]),
        (["replay", "{folder}/none.jsonl"], ["none.jsonl", "no such file"]),
        (["replay", "{folder}", "--out", "{folder}/out"], ["is a folder"]),
        (["replay", "{file}", "--out", "{file}"], ["--out", "{file}", "is a file", "folder"]),
        (["replay", "{file}", "--brokers", "127.0.0.1:1"], ["127.0.0.1:1", "CXSTREAM_BROKERS"]),
        (["tail", "nudges", "--brokers", "127.0.0.1:1"], ["127.0.0.1:1", "cxstream broker"]),
        (["topics", "list", "--brokers", "127.0.0.1:1"], ["127.0.0.1:1"]),
        (["topics", "create", "--brokers", "kafka"], ["CXSTREAM_BROKERS", "host:port", "'kafka'"]),
        (["worker", "--metrics-port", "70000"], ["CXSTREAM_METRICS_PORT", "70000"]),
        (["demo", "--json", "--story", "nobody"], ["--story", "nobody"]),
        (["train", "--data", "{folder}/none"], ["--data", "CXSTREAM_DATA", "no such folder"]),
        (["train", "intents", "--labels", "{file}", "--name", "a/b"], ["--name", "'a/b'"]),
        (["train", "intents", "--labels", "{file}", "--name", "a"], ["line 1: text", "{file}"]),
        (["evaluate", "--data", "{folder}/none"], ["--data", "no such folder"]),
    ],
)
def test_an_error_names_the_setting_and_the_mend(
    arguments: list[str], parts: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "some.jsonl"
    file.write_text("")
    said = fails(*(a.format(file=file, folder=tmp_path) for a in arguments))
    for part in parts:
        assert part.format(file=file) in said


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("PARTITIONS", "0", "greater than or equal to 1"),
        ("PARTITIONS", "many", "integer"),
        ("BROKERS", "host:port", "host:port, comma separated"),
        ("PLAYBOOKS", "mine.yaml", "JSON list"),
    ],
)
def test_a_bad_variable_is_named(
    name: str, value: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CXSTREAM_{name}", value)
    with pytest.raises(SettingsError) as raised:
        console.settings()
    assert f"CXSTREAM_{name}" in str(raised.value)
    assert part in str(raised.value)


def test_an_error_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = run("replay", str(tmp_path / "none.jsonl"))
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"cxstream: {tmp_path / 'none.jsonl'}: no such file\n"


def test_without_labelled_data_it_says_where_to_get_it_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "checkout" / "cxstream" / "cli" / "console.py"
    monkeypatch.setattr(console, "__file__", str(here))
    with pytest.raises(SettingsError, match="--data DIR or in CXSTREAM_DATA"):
        console.labelled_data(None)
    beside = tmp_path / "shared" / "data"
    beside.mkdir(parents=True)
    assert console.labelled_data(None) == beside
    named = tmp_path / "named"
    monkeypatch.setenv("CXSTREAM_DATA", str(named))
    with pytest.raises(SettingsError, match="no such folder"):
        console.labelled_data(None)
    named.mkdir()
    assert console.labelled_data(None) == named
    assert console.labelled_data(tmp_path) == tmp_path


# schema, playbooks


def test_schema_is_json() -> None:
    schema = json.loads(invoke("schema").stdout)
    assert {"Fragment", "Control"} <= set(schema["$defs"])


def test_playbook_check(tmp_path: Path) -> None:
    good = Path(decide.__file__).parent / "playbooks" / "default.yaml"
    assert (invoke("playbook", "check", str(good)).exit_code) == 0
    bad = tmp_path / "bad.yaml"
    bad.write_text("playbook: mine\nversion: 1\nrulez: []\n")
    result = invoke("playbook", "check", str(good), str(bad), str(tmp_path / "none.yaml"))
    assert result.exit_code == 1
    assert f"{bad}:3:" in result.stdout
    assert "none.yaml:1: cannot be read" in result.stdout
    assert "Traceback" not in result.output


# score

LINES = {
    b"I want to cancel my contract": "I want to cancel my contract",
    b"": "",
    b'{"text": "my bill is wrong"}': "my bill is wrong",
    b"{not json": "{not json",
    b"bad \xff bytes": "bad \ufffd bytes",
    "Stra\u00dfe \u2028 one line".encode(): "Stra\u00dfe \u2028 one line",
    b"windows\r": "windows",
    b"no end of line": "no end of line",
}


def test_score_answers_each_line_in_order_and_in_the_promised_shape() -> None:
    done = feed(b"\n".join(LINES), "score")
    assert done.returncode == 0
    assert done.stderr == b""
    answers = [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]
    assert [answer["text"] for answer in answers] == list(LINES.values())
    for answer in answers:
        assert list(answer) == "text intent sentiment emotion abuse model degraded".split()
        assert set(answer["intent"]) == {"label", "probability", "ranking"}
        assert len(answer["intent"]["ranking"]) == 5
        assert [answer["intent"][n] for n in ("label", "probability")] == answer["intent"][
            "ranking"
        ][0]
        assert set(answer["sentiment"]) == {"label", "valence", "probabilities"}
        assert set(answer["sentiment"]["probabilities"]) == {"negative", "neutral", "positive"}
        assert set(answer["emotion"]) == set(
            "anger dissatisfaction distress confusion satisfaction".split()
        )
        assert 0 <= answer["abuse"] <= 1
        assert answer["degraded"] is False


def test_score_without_models_says_so_on_standard_error_only(tmp_path: Path) -> None:
    done = feed(b"hello\n", "score", MODELS_DIR=str(tmp_path))
    assert json.loads(done.stdout)["degraded"] is True
    assert done.stderr.startswith(b"cxstream: scores come from the lexicon")


OWN = {
    "delivery": ("where is my parcel", "has my order left yet", "when will the van come",
                 "the parcel is late", "track my order please"),
    "sizes": ("these shoes are too tight", "do you have it in large", "what size is this coat",
              "the sleeves are too long", "which size fits me"),
}  # fmt: skip


def test_own_intents_from_a_file_to_scores(tmp_path: Path) -> None:
    for part in (bootstrap.shipped_models()).iterdir():
        (tmp_path / part.name).symlink_to(part)
    file = tmp_path / "own.csv"
    texts = [f"{text},{label}\n" for label, said in OWN.items() for text in said]
    file.write_text("text,label\n" + "".join(texts))
    models = str(tmp_path)
    made = run("train", "intents", "--labels", str(file), "--name", "shop", MODELS_DIR=models)
    assert made.returncode == 0, made.stderr
    assert b"2 intents from 10 texts" in made.stdout
    done = feed(b"where's my parcel?\n\n", "score", "--intents", "shop", MODELS_DIR=models)
    assert (done.returncode, done.stderr) == (0, b"")
    first, empty = (json.loads(line) for line in done.stdout.splitlines())
    assert first["tenant_intent"]["ranking"][0][0] == "delivery"
    assert "tenant_intent" in empty, "whichever model answers the rest"
    plain = feed(b"where's my parcel?\n", "score", MODELS_DIR=models)
    del first["tenant_intent"]
    assert json.loads(plain.stdout) == first
    missing = feed(b"hello\n", "score", "--intents", "bank", MODELS_DIR=models)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert b"there: shop" in missing.stderr


def test_score_into_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cxstream", "score"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({"MODELS_DIR": str(tmp_path)}),
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == "one", "before the input ends"
        process.stdout.close()
        process.stdin.write(b"two\n" * 100)
        process.stdin.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(LIMIT_S) == 1


def batches(text: bytes, scorer: LexiconScorer) -> Iterator[str]:
    reader, writer = os.pipe()
    try:
        os.write(writer, text)
        os.close(writer)
        yield from score_lines(read_batches(reader), scorer)
    finally:
        os.close(reader)


@pytest.mark.parametrize("line", [b'{"words": "x"}', b'{"text": 3}', b"{}", b' {"text": null}'])
def test_json_without_a_text_is_named_after_the_answers_before_it(line: bytes) -> None:
    answers = batches(b"one\ntwo\n" + line + b"\nfour\n", LexiconScorer())
    assert [json.loads(next(answers))["text"] for _ in range(2)] == ["one", "two"]
    with pytest.raises(RecordError, match="line 3: text"):
        next(answers)


def test_lines_are_numbered_and_scored_in_bounded_batches() -> None:
    class Watched(LexiconScorer):
        sizes: ClassVar[list[int]] = []

        def score(self, texts: list[str]) -> list[Scores]:  # type: ignore[override]
            self.sizes.append(len(texts))
            return super().score(texts)

    scorer = Watched()
    text = b"".join(b"%d\n" % n for n in range(1000))
    assert [json.loads(a)["text"] for a in batches(text, scorer)] == [str(n) for n in range(1000)]
    assert max(scorer.sizes) == 64
    assert list(batches(b"", scorer)) == []
    assert len(list(batches(b"\n\n", scorer))) == 2


# processes and topics

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SAID = [
    ("customer", "hello, there is something about my bill"),
    ("agent", "let me have a look at it"),
    ("customer", "you charged me twice, and nobody ever helps me"),
    ("customer", "I want to cancel my contract now"),
]


def conversations() -> list[dict[str, object]]:
    """Three customers on chat, one of them twice, all in the order of event time."""
    records: list[dict[str, object]] = []
    for n in range(4):
        about: dict[str, object] = {
            "conversation_id": f"conv-{n}",
            "channel": "chat",
            "customer_id": f"cust-{n % 3}",
            "agent_id": "agent-1",
        }
        begun = START + timedelta(minutes=5 * n)

        def at(second: int, begun: datetime = begun) -> str:
            return (begun + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")

        control = {"schema": "cx.control.v1", **about}
        records.append({**control, "type": "conversation.started", "event_time": at(0)})
        for turn, (role, text) in enumerate(SAID):
            records.append(
                {
                    "schema": "cx.fragment.v1",
                    **about,
                    "fragment_id": f"conv-{n}/{turn}",
                    "speaker": {"role": role},
                    "text": text,
                    "event_time": at(7 * turn + 5),
                }
            )
        records.append({**control, "type": "conversation.ended", "event_time": at(60)})
    return records


def write_records(path: Path, records: list[dict[str, object]]) -> Path:
    text = "".join(json.dumps(record) + "\n" for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@contextmanager
def process(log: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is told to stop; its standard output is a pipe."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # a shell that started us in the background has us ignore Ctrl-C, and the command would inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "cxstream", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment(variables),
            text=True,
        ) as started,
    ):
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def read_lines(source: subprocess.Popen[str], until: Callable[[list[str]], bool]) -> list[str]:
    assert source.stdout is not None
    lines: list[str] = []
    while not until(lines):
        line = source.stdout.readline()
        assert line, "it ended early"
        lines.append(line.rstrip("\n"))
    return lines


@contextmanager
def ended_with(leader: subprocess.Popen[str], follower: subprocess.Popen[str]) -> Iterator[None]:
    """Should the leader end by itself the follower ends too, so that nobody waits for its lines."""
    done = threading.Event()

    def watch() -> None:
        until(lambda: done.is_set() or leader.poll() is not None, "an end", 3600.0)
        if not done.is_set():
            follower.kill()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@pytest.mark.timeout(180)
def test_broker_worker_replay_and_tail_as_processes(tmp_path: Path) -> None:
    file = write_records(tmp_path / "records.jsonl", conversations())
    address = tmp_path / "address"
    with process(tmp_path / "broker.log", "broker", "--write", str(address)) as broker:
        (brokers,) = read_lines(broker, lambda lines: len(lines) == 1)
        assert address.read_text().strip() == brokers
        # the lexicon is enough to see records go round, and starts at once
        variables = {
            "BROKERS": brokers,
            "EMBEDDED": "true",
            "MODELS_DIR": str(tmp_path),
            "METRICS_PORT": "0",
        }
        assert run("topics", "create", "--brokers", brokers, "--embedded").returncode == 0
        with (
            process(tmp_path / "worker.log", "worker", **variables) as worker,
            process(
                tmp_path / "tail.log", "tail", "signals", "--from-start", "--json", **variables
            ) as tail,
        ):
            sent = run("replay", str(file), "--json", **variables)
            assert json.loads(sent.stdout) == {"sent": len(conversations())}, sent.stderr
            everything = len(conversations())
            with ended_with(worker, tail):
                signals = read_lines(tail, lambda lines: len(lines) >= everything)
            fragments = {json.loads(line).get("fragment_id") for line in signals}
            assert {f"conv-{c}/{turn}" for c in range(4) for turn in range(len(SAID))} <= fragments
            for running in (tail, worker):
                running.send_signal(signal.SIGINT)
            assert worker.wait(LIMIT_S) == 0
            assert tail.wait(LIMIT_S) in (0, 130)
        assert (tmp_path / "tail.log").read_text() == ""
        assert "Traceback" not in (tmp_path / "worker.log").read_text()
        shown = run("tail", "transcripts", "--from-start", "--count", "3", BROKERS=brokers)
        assert shown.returncode == 0
        assert len(shown.stdout.decode().strip().splitlines()) >= 3
        listed = run("topics", "list", "--json", BROKERS=brokers)
        rows = [json.loads(line) for line in listed.stdout.decode().splitlines()]
        assert {"topic": "cx.nudges", "exists": True, "partitions": 4, "replicas": 1} in rows
        unknown = run("tail", "gossip", BROKERS=brokers)
        assert unknown.returncode == 1
        assert b"no topic gossip" in unknown.stderr
        mismatch = run("topics", "create", PARTITIONS="3", **variables)
        assert mismatch.returncode == 1
        assert mismatch.stderr.count(b"\n") == 1
        assert b"CXSTREAM_PARTITIONS" in mismatch.stderr
        broker.send_signal(signal.SIGTERM)
        assert broker.wait(LIMIT_S) == 0


def outputs(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def replayed(out: Path, *files: Path) -> dict[str, bytes]:
    """What `replay --out` writes for the files, by name; the lexicon scores."""
    none = str(out.parent)
    # nine partitions are no word to a broker of its own
    done = run(
        "replay", *map(str, files), "--out", str(out), "--json", MODELS_DIR=none, PARTITIONS="9"
    )
    assert done.returncode == 0, done.stderr
    found = {file.name: file.read_bytes() for file in out.iterdir()}
    written = {name.removesuffix(".jsonl"): data.count(b"\n") for name, data in found.items()}
    assert json.loads(done.stdout)["written"] == written
    return found


def rows(lines: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines.splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All conversations in one file, and a line at its end that cannot be read."""
    file = write_records(tmp_path_factory.mktemp("whole") / "whole.jsonl", conversations())
    with file.open("a") as more:
        more.write("this is no JSON\n")
    return file


@pytest.fixture(scope="module")
def once(whole: Path) -> dict[str, bytes]:
    return replayed(whole.parent / "once", whole)


def test_replay_writes_every_output_topic(once: dict[str, bytes]) -> None:
    assert set(once) == OUTPUTS
    (letter,) = rows(once["cx.dead-letters.jsonl"])
    assert str(letter["value"]).strip() == "this is no JSON"
    assert letter["topic"] == "cx.transcripts"
    heard = {r["fragment_id"] for r in rows(once["cx.signals.jsonl"]) if "fragment_id" in r}
    assert heard == {r["fragment_id"] for r in conversations() if "fragment_id" in r}
    assert once["cx.nudges.jsonl"], "somebody wants to leave"


def test_the_same_input_gives_the_same_bytes(
    once: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    assert replayed(tmp_path / "twice", whole) == once


def test_how_conversations_are_spread_over_files_changes_nothing(
    once: dict[str, bytes], tmp_path: Path
) -> None:
    """Files are heard together by event time, whatever order they are named in."""
    files = [
        write_records(
            tmp_path / f"part-{n}.jsonl.gz",
            [r for r in conversations() if r["conversation_id"] == f"conv-{n}"],
        )
        for n in (2, 0, 3, 1)
    ]
    assert replayed(tmp_path / "out", *files) == {**once, "cx.dead-letters.jsonl": b""}


def test_what_is_heard_late_is_heard_all_the_same(once: dict[str, bytes], tmp_path: Path) -> None:
    """Out of order, twice over: the same facts of each utterance, and the same account of each conversation.

    Decisions are made without waiting for what is late, so they may differ.
    """
    chance = Random(7)
    shuffled: list[dict[str, object]] = []
    for n in range(4):
        first, *middle, last = (r for r in conversations() if r["conversation_id"] == f"conv-{n}")
        chance.shuffle(middle)
        shuffled += [first, *middle, middle[0], last]
    found = replayed(tmp_path / "out", write_records(tmp_path / "late.jsonl", shuffled))
    assert _utterances(found) == _utterances(once)
    assert _accounts(found) == _accounts(once)


def _utterances(found: dict[str, bytes]) -> dict[str, object]:
    """What was heard, by fragment: who said it, and how it was scored."""
    return {
        str(row["fragment_id"]): [row.get(name) for name in ("role", "event_time", "scores")]
        for row in rows(found["cx.signals.jsonl"])
        if "fragment_id" in row
    }


def _accounts(found: dict[str, bytes]) -> dict[str, object]:
    """What is known of each conversation at its end."""
    return {str(row["conversation_id"]): row["facts"] for row in rows(found["cx.summaries.jsonl"])}
