"""The whole recipe behind `cxstream train`: the scoring heads, then how well they foresee a bad end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from cxstream.learn.stream_train import train_stream
from cxstream.learn.train import train
from cxstream.understand.model import load_scorer


def run(
    data: Path, out: Path, *, seed: int, say: Callable[[str], None], cache: Path | None = None
) -> None:
    """Train and judge everything into `out`, telling `say` each whole tenth of the way in words."""
    report = in_tenths(say)
    train(data, out, seed=seed, report=report, cache=cache)
    scorer = load_scorer(out)
    with TemporaryDirectory() as passing:
        kept = cache or Path(passing)
        train_stream(scorer.encoder, scorer, data, out, seed=seed, report=report, cache=kept)


def in_tenths(say: Callable[[str], None]) -> Callable[[str, float], None]:
    """Tells each whole tenth of a piece of work once, in words."""
    told: set[tuple[str, int]] = set()

    def report(work: str, share: float) -> None:
        tenth = int(share * 10)
        if (work, tenth) not in told:
            told.add((work, tenth))
            say(f"{work}: {tenth * 10} %")

    return report
