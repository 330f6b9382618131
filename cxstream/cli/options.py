"""Options that several commands take, with the same words of help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Brokers = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT,...",
        help="Kafka's bootstrap servers. Default: CXSTREAM_BROKERS, else 127.0.0.1:9092.",
    ),
]
Embedded = Annotated[
    bool,
    typer.Option(
        "--embedded",
        help="The brokers are the embedded one (cxstream broker). Default: CXSTREAM_EMBEDDED.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines, for programs.")]
Count = Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of the labelled data. Default: CXSTREAM_DATA, else ../shared/data beside the"
        " checkout.",
    ),
]

Cache = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder for checkpoints and sentence vectors. Default: CXSTREAM_CACHE, else"
        " ~/.cache/cxstream.",
    ),
]
