"""What a customer's windows cost an event: loaded, added to, and written, in microseconds of processor time.

    .venv/bin/python benchmarks/windows.py [--events 5000]

The windows of 5 minutes, an hour, a day and 30 days of one customer, after 300 utterances in a month: the
bytes are read, an utterance's measures are added, and the bytes are made again, as at worst once an event.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time

from cxstream.context.customer import Customer
from cxstream.context.snapshot import dump, load_customer

MONTH_MS = 30 * 86_400_000


def measure(events: int) -> float:
    """Microseconds an event, the median of five runs."""
    chance = random.Random(7)
    said = {"n": 1, "neg": 1, "v": -300, "r4": 1, "i:billing_dispute": 1}
    customer = Customer(key="c-1")
    for at_ms in sorted(chance.choices(range(MONTH_MS), k=300)):
        customer.windows.add(at_ms, said)
    data = dump(customer)
    runs: list[float] = []
    for _ in range(5):
        began = time.process_time()
        for number in range(events):
            held = load_customer(data)
            held.windows.add(MONTH_MS + number, said)
            dump(held)
        runs.append(1e6 * (time.process_time() - began) / events)
    return statistics.median(runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=5000)
    sys.stdout.write(
        json.dumps({"windows_us": round(measure(parser.parse_args().events), 1)}) + "\n"
    )


if __name__ == "__main__":
    main()
