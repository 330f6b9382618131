"""What was freed is given back to the machine, where the C library can do that."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from brokers import missing

from cxstream.engine import heap

STATUS = Path("/proc/self/status")


def resident_mib() -> float:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


def test_what_a_thread_has_freed_is_given_back() -> None:
    if heap._glibc() is None or not STATUS.exists():
        missing("Linux with glibc", "elsewhere nothing is given back, and nothing is promised")
    kept: list[bytes] = []

    def work() -> None:
        pieces = [bytes(4000) for _ in range(20_000)]
        kept.append(bytes(4000))  # above the rest, so that the heap cannot shrink by itself
        del pieces

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    before = resident_mib()
    assert heap.give_back()
    assert resident_mib() < before - 40


def test_few_arenas_are_asked_for_or_nothing_happens() -> None:
    assert heap.few_arenas() is (heap._glibc() is not None)


def test_it_is_given_back_again_and_again_until_nobody_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if heap._glibc() is None:
        missing("Linux with glibc", "elsewhere nothing is given back, and nothing is promised")
    times, twice = list[int](), threading.Event()

    def give_back() -> bool:
        times.append(1)
        if len(times) == 2:
            twice.set()
        return True

    async def run() -> None:
        giving = asyncio.ensure_future(heap.keep_giving_back())
        assert await asyncio.to_thread(twice.wait, 10)
        giving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await giving

    monkeypatch.setattr(heap, "give_back", give_back)
    monkeypatch.setattr(heap, "EVERY_S", 0.0)
    asyncio.run(run())
