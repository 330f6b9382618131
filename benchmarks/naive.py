"""The app a user writes first: a Faust agent, three Hugging Face pipelines, one event at a time.

Started by `end_to_end.py`:  naive.py BROKERS PREFIX worker -l error --without-web

Each pipeline has an encoder of its own, the same that cxstream uses, with a classification head whose weights
are drawn by chance: what is compared is cost. It reads the same topic as cxstream and writes one record an
utterance. Torch gets one thread, as in cxstream: with two, on a machine that others keep busy, they wait for
each other most of the time (half a second of processor time an event), which would flatter us.
"""

from __future__ import annotations

import sys

import faust
import torch
from transformers import AutoTokenizer, BertForSequenceClassification, pipeline

from cxstream.understand.minilm import packaged

BROKERS, PREFIX = sys.argv[1:3]
del sys.argv[1:3]
HEADS = {"intent": 27, "sentiment": 3, "abuse": 2}

app = faust.App(f"{PREFIX}naive", broker=f"kafka://{BROKERS}", value_serializer="json")
transcripts = app.topic(f"{PREFIX}transcripts")
scored = app.topic(f"{PREFIX}scored")

torch.set_num_threads(1)


def head(labels: int) -> object:
    """One pipeline."""
    folder = str(packaged())
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=labels)
    return pipeline(
        "text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(folder)
    )


pipelines = {name: head(labels) for name, labels in HEADS.items()}


@app.agent(transcripts)  # type: ignore[untyped-decorator]
async def score(events: faust.Stream) -> None:
    """Score each event and send what was found."""
    async for event in events:
        found = {name: ask(event["text"]) for name, ask in pipelines.items()}  # type: ignore[operator]
        await scored.send(key=event["conversation_id"], value={**event, **found})


if __name__ == "__main__":
    app.main()
