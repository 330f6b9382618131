"""The benchmarks' own judgement: which ratios fell, what stands in the report, and the same load every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_ratio_that_fell_by_a_quarter_is_told() -> None:
    from check import fallen

    before = {"encoder": 5.0, "share": 0.7, "gone": 2.0}
    assert fallen(before, {"encoder": 4.0, "share": 0.72, "new": 1.0}) == []
    assert fallen(before, {"encoder": 3.7, "share": 0.72}) == ["encoder: 3.7 after 5.0"]


def test_a_processor_is_held_against_one_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import check

    reports = {"LATEST": (10.3, {"vnni": True}), "WITHOUT_VNNI": (7.5, {"vnni": False})}
    for name, (ratio, encoder) in reports.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"ratios": {"int8": ratio}, "parts": {"encoder": encoder}}))
        monkeypatch.setattr(check, name, path)
    assert check.before_on(vnni=True) == {"int8": 10.3}
    assert check.before_on(vnni=False) == {"int8": 7.5}
    monkeypatch.setattr(check, "WITHOUT_VNNI", tmp_path / "LATEST.json")
    assert check.before_on(vnni=False) == {}


def test_the_report_has_what_everybody_looks_for_first() -> None:
    from bench import together

    report = together(
        {
            "encoder": {"ratios": {"encoder_fp32_vs_pipeline": 5.0}},
            "engine": {"ratios": {"window_cost": 0.1}, "engine_us": {"score_stage": 100.0}},
            "end_to_end": {"latency_ms": {"p99_at_50": 90.0}},
        }
    )
    assert report["ratios"] == {"encoder_fp32_vs_pipeline": 5.0, "window_cost": 0.1}
    assert report["engine_us"] == {"score_stage": 100.0}
    assert report["latency_ms"] == {"p99_at_50": 90.0}
    assert set(report["parts"]) == {"encoder", "engine", "end_to_end"}


def test_a_part_that_hangs_or_falls_is_told_and_may_stop_what_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import bench

    monkeypatch.setattr(bench, "HERE", tmp_path)
    (tmp_path / "hangs.py").write_text(
        "import pathlib, signal\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        "pathlib.Path('begun').touch()\n"
        "try:\n    signal.pause()\n"
        "finally:\n    pathlib.Path('stopped').touch()\n"
    )
    (tmp_path / "falls.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "works.py").write_text("print('warm')\nprint('{\"ratios\": {\"x\": 2}}')\n")
    with pytest.raises(bench.PartFailed, match=r"hangs\.py was not done within 3 s"):
        bench.run(["hangs.py"], limit_s=3)
    assert (tmp_path / "stopped").exists() == (tmp_path / "begun").exists()
    with pytest.raises(bench.PartFailed, match=r"falls\.py ended with 3"):
        bench.run(["falls.py"])
    assert bench.run(["works.py"]) == {"ratios": {"x": 2}}


def test_the_same_seed_is_the_same_load_and_each_conversation_keeps_its_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import conversations

    monkeypatch.setenv("CXSTREAM_DATA", str(tmp_path))
    assert conversations.source() == "bundled stories"
    told = list(conversations.fragments(400, seed=3))
    assert told == list(conversations.fragments(400, seed=3))
    assert told != list(conversations.fragments(400, seed=4))
    known = {tuple(turn.text for turn in dialogue) for dialogue in conversations.dialogues()}
    by_conversation: dict[str, list[str]] = {}
    for fragment in told:
        by_conversation.setdefault(fragment.conversation_id, []).append(fragment.text)
    assert len(by_conversation) >= conversations.CONCURRENT * 0.9
    for said in by_conversation.values():
        assert any(list(dialogue[: len(said)]) == said for dialogue in known)


def test_what_is_told_again_is_said_by_others() -> None:
    import conversations
    import load

    [once] = conversations.fragments(1)
    again = load._told(once, 2)
    assert load._told(once, 0) == once
    assert again.text == once.text
    assert again.agent_id == once.agent_id, "there are only so many agents"
    assert again.conversation_id not in ("", once.conversation_id)
    assert again.customer_id not in (None, once.customer_id), "else much is in force already"
