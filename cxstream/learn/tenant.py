"""Intents of a tenant, from a CSV of their own to a head that is measured and versioned.

The file has a header with the columns `text` and `label`. A label `oos`, `out_of_scope` or `none` is no
intent: its texts are examples of what to reject.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from cxstream.errors import RecordError
from cxstream.learn.tenant_fit import FOLDS, Rows, cross_validated
from cxstream.learn.vectors import vectors
from cxstream.understand.encoder import Encoder
from cxstream.understand.normalise import normalise
from cxstream.understand.tenant import OUT_OF_SCOPE, TenantIntents, path_of, save

REJECT: Final = frozenset(("oos", OUT_OF_SCOPE, "none"))
COLUMNS: Final = ("text", "label")
SHOWN: Final = 5
"""Lines or labels that a message names; of more it says how many."""


@dataclass(slots=True)
class Labelled:
    """What a CSV says: normalised texts with their labels, texts to reject, and what is odd about it.

    A text that comes twice with one label is kept once: else the folds would see it from both sides.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_labelled(path: Path) -> Labelled:
    """The rows of a tenant's CSV, in order.

    Raises `RecordError` naming file, line and column: a column that is missing, a row that is cut short, a
    text or a label that is empty, a label with one example, fewer than two labels. OSError when it cannot
    be opened. Texts with two labels and labels with few examples are warnings: real files have them.
    """
    seen: dict[tuple[str, str], int] = {}
    repeated = 0
    for line, text, label in _rows(path):
        plain = normalise(text)
        label = OUT_OF_SCOPE if label.casefold().replace("-", "_") in REJECT else label
        if not plain:
            raise _fault(path, line, "text", "expected words", text)
        if not label:
            raise _fault(path, line, "label", "expected the name of an intent", label)
        repeated += (plain, label) in seen
        seen.setdefault((plain, label), line)
    found = Labelled()
    for text, label in seen:
        if label == OUT_OF_SCOPE:
            found.rejects.append(text)
        else:
            found.texts.append(text)
            found.labels.append(label)
    counts = Counter(found.labels)
    if len(counts) < 2:
        raise _fault(path, 1, "label", "expected at least two intents", ", ".join(counts))
    for (_, label), line in seen.items():
        if counts[label] == 1:
            lonely = _some([name for name, count in counts.items() if count == 1])
            raise _fault(
                path,
                line,
                "label",
                f"each intent needs two texts that differ, one has {lonely}",
                label,
            )
    _warn(found, seen, repeated)
    return found


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """The line a row begins on, from 1 with the header, and its text and label without outer spaces."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().casefold() for name in next(reader, [])]
            for column in COLUMNS:
                if header.count(column) != 1:
                    raise _fault(
                        path, 1, column, "expected one column of that name", ",".join(header)
                    )
            places = [header.index(column) for column in COLUMNS]
            line = reader.line_num
            for row in reader:
                begins, line = line + 1, reader.line_num
                if not row:
                    continue
                if len(row) != len(header):
                    raise RecordError(
                        "bad_value",
                        field=f"{path}, line {begins}",
                        mend=f"expected {len(header)} columns, got {len(row)}: put a text with a comma"
                        " in double quotes",
                    )
                text, label = (row[place].strip() for place in places)
                yield begins, text, label
    except UnicodeDecodeError as problem:
        raise RecordError("bad_value", field=str(path), mend="save it as UTF-8") from problem
    except csv.Error as problem:
        raise RecordError(
            "bad_value",
            field=f"{path}, line {reader.line_num}",
            mend=f"not a row of a CSV: {problem}",
        ) from problem


def _fault(path: Path, line: int, column: str, expected: str, got: str) -> RecordError:
    short = got if len(got) <= 60 else got[:57] + "..."
    where = f"{path}, line {line}: {column}"
    return RecordError("bad_value", field=where, mend=f"{expected}; got {short!r}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _warn(found: Labelled, seen: dict[tuple[str, str], int], repeated: int) -> None:
    if repeated:
        found.warnings.append(f"{repeated} rows say again what another said; each text counts once")
    lines: dict[str, list[int]] = {}
    for (text, _), line in seen.items():
        lines.setdefault(text, []).append(line)
    torn = ["/".join(map(str, at)) for at in lines.values() if len(at) > 1]
    if torn:
        found.warnings.append(f"{len(torn)} texts have two labels: lines {_some(torn)}")
    few = [label for label, count in Counter(found.labels).items() if count < FOLDS]
    if few:
        found.warnings.append(
            f"{len(few)} intents have fewer than {FOLDS} texts, so their figures say little: {_some(few)}"
        )


def train_intents(
    load_encoder: Callable[[], Encoder],
    file: Path,
    models: Path,
    name: str,
    *,
    seed: int,
    report: Callable[[str, float], None],
    say: Callable[[str], None],
    cache: Path | None = None,
) -> TenantIntents:
    """Read, encode, fit, measure and write `<models>/intents/<name>/head.safetensors`; gives what was written.

    The same file, encoder and seed give the same bytes on the same machine, and the same version: a hash of
    all three. The encoder is loaded when the file is known to be sound. `say` hears the warnings. Errors as
    in `read_labelled`; ModelError for a bad name.
    """
    path = path_of(models, name)
    read = read_labelled(file)
    for warning in read.warnings:
        say(warning)
    encoder = load_encoder()
    texts = [*read.texts, *read.rejects]
    with TemporaryDirectory() as passing:
        rows = vectors(encoder, texts, cache or Path(passing), report)[:, : encoder.sentence]
    rows = np.ascontiguousarray(rows)
    labels = tuple(sorted(set(read.labels)))
    number = {label: place for place, label in enumerate(labels)}
    y = np.array([number[label] for label in read.labels], np.int64)
    report("fitting", 0.0)
    ours = Rows(read.texts, rows[: len(y)])
    theirs = Rows(read.rejects, rows[len(y) :])
    fitted = cross_validated(ours, y, labels, theirs, seed)
    report("fitting", 1.0)
    content = json.dumps([read.texts, read.labels, read.rejects, seed, encoder.fingerprint])
    made = TenantIntents(
        name=name,
        labels=labels,
        weight=fitted.linear.weight,
        bias=fitted.linear.bias,
        means=fitted.linear.means,
        words=fitted.words,
        temperature=fitted.temperature,
        spread=fitted.spread,
        typical=fitted.typical,
        rows=len(y),
        threshold=fitted.threshold,
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        version=f"{name}-{sha256(content.encode()).hexdigest()[:8]}",
        figures=fitted.figures,
    )
    save(made, path)
    return made


def told(made: TenantIntents) -> str:
    """The figures of a head as lines for people."""
    f = made.figures
    lines = [
        f"{made.version}: {f['labels']} intents from {f['examples']} texts, on {made.encoder}",
        f"Measured by {FOLDS}-fold cross-validation, on texts that the head had not seen:",
        f"  accuracy {f['accuracy']:.1%}, macro F1 {f['macro_f1']:.3f}, calibration error"
        f" {f['calibration_error']:.3f}",
        f"  rejected as {OUT_OF_SCOPE}: {f['rejected_wrongly']:.1%} of these texts; right and not rejected:"
        f" {f['accuracy_with_rejection']:.1%}",
    ]
    if f["rejected_rightly"] is not None:
        lines.append(
            f"  of {f['examples_to_reject']} texts to reject {f['rejected_rightly']:.1%} are rejected"
            " (they placed the threshold)"
        )
    wide = max(len(row["label"]) for row in f["worst"])
    lines.append(f"Weakest intents:{'':{max(0, wide - 12)}} precision  recall  texts")
    lines += [
        f"  {row['label']:{wide}}   {row['precision']:9.2f} {row['recall']:7.2f} {row['examples']:6}"
        for row in f["worst"]
    ]
    if f["confused"]:
        lines.append("Most often confused:")
        lines += [
            f"  {c['times']} x {c['label']} taken for {c['taken_for']}" for c in f["confused"]
        ]
    return "\n".join(lines)
