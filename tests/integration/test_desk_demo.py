"""`cxstream demo --desk` and `cxstream link`: the links that they print show something that moves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import httpx

WITHIN_S = 240.0


def test_the_demo_plays_onto_the_pages() -> None:
    command = [sys.executable, "-m", "cxstream", "demo", "--desk", "--port", "0", "--speed", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        for _ in range(2):
            who, link = demo.stdout.readline().split()
            address, _, token = link.partition("#")
            host, _, page = address.rpartition("/")
            assert page == {"supervisor": "floor", "agent": "agent"}[who]
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=host, headers=headers, timeout=WITHIN_S) as client:
                assert client.get(f"/{page}").status_code == 200
                # the demo is up once it answers; then everything that it says is live
                with client.stream("GET", "/v1/nudges/stream") as stream:
                    kinds = (line for line in stream.iter_lines() if line.startswith("event: "))
                    held = next(kinds), next(kinds)
                assert held[0] == "event: hello"
                assert held[1] in ("event: nudge", "event: gone")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(WITHIN_S) == 0


def test_a_link_needs_the_secret_that_signs() -> None:
    link = [sys.executable, "-m", "cxstream", "link", "kim", "--supervisor"]
    environment = {k: v for k, v in os.environ.items() if k != "CXSTREAM_SECRET_DESK"}
    without = subprocess.run(link, env=environment, capture_output=True, text=True, check=False)
    assert without.returncode == 1
    assert without.stderr.count("\n") == 1
    secret = {"CXSTREAM_SECRET_DESK": "a-secret-of-the-tests-0123456789-0123"}
    done = subprocess.run(
        link, env=environment | secret, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("http://127.0.0.1:8080/floor#ey")
