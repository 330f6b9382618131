"""How much this machine carries."""

from __future__ import annotations

import typer

from cxstream.cli import console
from cxstream.cli.options import Json

app = typer.Typer()


@app.command()
def bench(as_json: Json = False) -> None:
    """Measure this machine for ten seconds: how many conversations at once a worker carries here.

    The models are measured, as CXSTREAM_<NAME> settings have them; what else an utterance costs is reckoned.
    The whole comparison, on Kafka and beside its peers, is `make bench`.
    """
    from cxstream import bench as benches

    console.quiet()
    console.put_report(benches.run(console.settings()).report(), as_json=as_json)
