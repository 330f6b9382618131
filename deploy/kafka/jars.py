"""Where Kafka's jars are: those of KAFKA_HOME, else those that Maven resolves, once, into target/."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
LIBS = HERE / "target" / "libs"


class KafkaMissing(Exception):
    """Java, Maven or the jars are not there; the message says how to get them."""


def classpath() -> str:
    """The broker's jars: those of KAFKA_HOME, else those that Maven resolves (cached in target/)."""
    if shutil.which("java") is None:
        raise KafkaMissing("java is missing: apt-get install default-jre-headless")
    home = os.environ.get("KAFKA_HOME")
    if home:
        libs = Path(home) / "libs"
        if not any(libs.glob("kafka_*.jar")):
            raise KafkaMissing(f"KAFKA_HOME={home} holds no libs/kafka_*.jar")
        return str(libs / "*")
    resolved_from = LIBS / "pom.xml"  # a copy: a changed pom is resolved anew
    if not resolved_from.is_file() or resolved_from.read_bytes() != POM.read_bytes():
        _resolve()
        shutil.copy(POM, resolved_from)
    return str(LIBS / "*")


def _resolve() -> None:
    if shutil.which("mvn") is None:
        raise KafkaMissing("mvn is missing: apt-get install maven, or set KAFKA_HOME")
    shutil.rmtree(LIBS, ignore_errors=True)
    asked = ["mvn", "--batch-mode", "--quiet", "--file", str(POM), "package"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise KafkaMissing(f"Maven could not resolve Kafka's jars:\n{done.stdout[-2000:]}")
