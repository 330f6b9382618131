"""TLS and passwords, against a broker that insists on them; and no password where a person may read it."""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from brokers import deployed, kafka_cluster, missing, why_no_kafka
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr
from support import only, said

from cxstream import bootstrap, replay
from cxstream.engine import tail
from cxstream.errors import EngineError
from cxstream.events import Signal
from cxstream.settings import Settings
from cxstream.understand.lexicon import LexiconScorer

PASSWORD = "correct-horse-7Xq"
TIME_LIMIT_S = 240


class Secured(NamedTuple):
    """Where the broker listens, and the file of the authority that vouches for it."""

    address: str
    cafile: Path


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker whose clients come by SASL_SSL only."""
    if lacking := why_no_kafka():
        missing("Apache Kafka", lacking)
    folder = tmp_path_factory.mktemp("secure")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # as Java wants it
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    (folder / "broker.pem").write_bytes(pkcs8 + chain)
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    listener = deployed("kafka", "secure").SecureListener(
        port, folder / "broker.pem", "cx", PASSWORD
    )
    with kafka_cluster().Cluster(folder / "data", secure=listener):
        yield Secured(listener.address(), folder / "ca.pem")


def settings_of(secured: Secured, prefix: str, mechanism: str, **changed: object) -> Settings:
    given: dict[str, object] = {
        "brokers": secured.address,
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_username": "cx",
        "sasl_password": SecretStr(PASSWORD),
        "ssl_cafile": secured.cafile,
        "topic_prefix": prefix,
        "app_id": prefix.rstrip("."),
        "score_deadline_s": None,
        "overload_s": None,
        "explain_deadline_s": None,
    }
    return Settings(**(given | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_the_whole_loop_runs_over_tls_with_a_password(
    secured: Secured, topic_prefix: str, mechanism: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = settings_of(secured, topic_prefix, mechanism)
    collected: list[replay.Collected] = []
    records = [said("c", n, "I want to speak to your manager, this is a disgrace") for n in (0, 1)]
    run = replay.run(settings, records, model=LexiconScorer(), on_output=collected.append)
    asyncio.run(asyncio.wait_for(run, TIME_LIMIT_S))
    assert len(only(Signal, collected)) == 2
    assert PASSWORD not in caplog.text and PASSWORD not in repr(settings)


# aiokafka leaves the socket of a refused login to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestRefused:
    """What does not prove itself gets one line that says so."""

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
    def test_a_wrong_password(self, secured: Secured, topic_prefix: str, mechanism: str) -> None:
        wrong = "wrong-password-5Zk"
        settings = settings_of(secured, topic_prefix, mechanism, sasl_password=SecretStr(wrong))
        line = refusal(bootstrap.prepare_topics(settings))
        assert secured.address in line and wrong not in line

    def test_a_broker_that_nobody_vouches_for(self, secured: Secured, topic_prefix: str) -> None:
        settings = settings_of(secured, topic_prefix, "PLAIN", ssl_cafile=None)
        assert secured.address in refusal(bootstrap.prepare_topics(settings))

    def test_plain_text(self, secured: Secured, topic_prefix: str) -> None:
        settings = settings_of(secured, topic_prefix, "PLAIN", security_protocol="PLAINTEXT")
        follow = tail.follow(settings, "nudges", print, from_start=True, count=1)
        assert secured.address in refusal(follow)


def refusal(attempt: Coroutine[object, object, object]) -> str:
    """The one line that a refused attempt ends in."""
    with pytest.raises(EngineError) as raised:
        asyncio.run(asyncio.wait_for(attempt, TIME_LIMIT_S))
    line = str(raised.value)
    del raised
    gc.collect()
    assert "\n" not in line
    return line
