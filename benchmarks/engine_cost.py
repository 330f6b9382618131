"""What the engine spends on an event, beside its peers on the same broker and the same records, as JSON.

    .venv/bin/python benchmarks/engine_cost.py [--events 3000] [--peers .venv-peers/bin/python]

Processor time of one process an event, no model in it. Of cxstream its two stages, each by itself (see
`stage`), and its engine alone, with the work of its peers; of the others an app that counts by key (see
`peers`): stock Faust, Faust in hopping windows, aiokafka by hand, and Quix Streams where its environment is
there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import windows
from end_to_end import HERE, create, kafka, load

SEED = 11
LIMIT_S = 240


def cost(python: str, program: str, *arguments: str) -> float | None:
    """Microseconds an event that a program reports; None when it could not."""
    try:
        done = subprocess.run(
            [python, str(HERE / program), *arguments],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            timeout=LIMIT_S,
        )
        return float(done.stdout.split()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as problem:
        sys.stderr.write(f"{program} {' '.join(arguments)}: {problem}\n")
        return None


def measure(events: int, peers: str | None) -> dict[str, Any]:
    """Each in turn, on one broker."""
    here = sys.executable
    with kafka() as (servers, _):
        topic = "cost.transcripts"
        written = [f"{topic}-{name}" for name in ("aiokafka-changelog", "aiokafka-out")]
        asyncio.run(create(servers, topic, "cost.signals", *written, f"{topic}-faust-faust-out"))
        load(servers, topic, events, seed=SEED)
        found = {
            "score_stage": cost(here, "stage.py", servers, "cost.", "conversations", str(events)),
            "state_stage": cost(here, "stage.py", servers, "cost.", "customers", str(events)),
            # last: it writes where the customers' stage reads
            "engine_alone": cost(here, "stage.py", servers, "cost.", "counting", str(events)),
        }
        others = {
            f"{name}": cost(here, "peers.py", servers, topic, str(events), name)
            for name in ("plain", "faust", "hopping", "aiokafka")
        }
        if peers is not None and Path(peers).is_file():
            others["quix"] = cost(peers, "peers.py", servers, topic, str(events), "quix")
    ours = windows.measure(events)
    hopping, plain, record = others["hopping"], others["plain"], others["aiokafka"]
    # Faust's windows write their changelog too: so ours are reckoned with all that aiokafka spends on an event
    ratio = (ours + record) / (hopping - plain) if hopping and plain and record else None
    return {
        "ratios": {"window_cost_vs_faust_hopping": ratio and round(ratio, 3)},
        "engine_us": {**found, "windows": round(ours, 1)},
        "peers_us": others,
        "events": events,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--peers", help="the interpreter of the peers' environment")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop what was started, then end
    sys.stdout.write(json.dumps(measure(given.events, given.peers)) + "\n")


if __name__ == "__main__":
    main()
