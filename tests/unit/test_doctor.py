"""The doctor looks and tells; it never fails itself."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cxstream import doctor
from cxstream.doctor import Finding
from cxstream.settings import Settings


def findings(monkeypatch: pytest.MonkeyPatch, **given: object) -> dict[str, Finding]:
    monkeypatch.setattr(doctor, "load_scorer", lambda *_: Loaded())
    return {f.name: f for f in doctor.examine(Settings.model_validate(given))}


class Loaded:
    name = "a-model"


def test_everything_that_tests_need_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch)
    lacking = [f for f in found.values() if f.required and not f.ok]
    assert lacking == []
    assert found["models"].found == "a-model"


def test_a_loaded_package_without_a_spec_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    import faust

    assert faust.__name__ == "faust"
    assert findings(monkeypatch)["faust"].ok


def test_a_missing_package_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", (("no_such_package_here", "make setup"),))
    assert findings(monkeypatch)["no_such_package_here"] == Finding(
        "no_such_package_here", False, True, "missing", "make setup"
    )


def test_missing_heads_are_missing_though_the_lexicon_would_do(tmp_path: Path) -> None:
    found = {f.name: f for f in doctor.examine(Settings(models_dir=tmp_path))}["models"]
    assert not found.ok
    assert found.required
    assert str(tmp_path) in found.found


def test_a_broker_that_answers_and_one_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert findings(monkeypatch, brokers=address)["kafka"].ok
    found = findings(monkeypatch, brokers=address)["kafka"]
    assert not found.ok
    assert not found.required, "the demo brings its own"
    assert address in found.found
    assert "cxstream broker" in found.mend


@pytest.mark.parametrize("text", ["rules: 3", None])
def test_a_playbook_at_fault_is_named(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ours.yaml"
    if text is not None:
        file.write_text(text)
    found = findings(monkeypatch, playbooks=(file,))["playbooks"]
    assert not found.ok
    assert str(file) in found.found


def test_a_missing_program_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    found = findings(monkeypatch)
    assert [found[p].ok for p in ("java", "mvn", "kcat")] == [False, False, False]
    assert not any(found[p].required for p in ("java", "mvn", "kcat"))
    monkeypatch.setenv("KAFKA_HOME", "/opt/kafka")
    assert findings(monkeypatch)["mvn"].ok, "Kafka's own jars are there"
