"""Every decoder that there is, with something it takes. Who writes one more adds it here, or a test fails.

`read` gets bytes, and a folder for those that read files. What it may raise are cxstream's own errors, by
name of field and mend; whatever else comes out of one is a way to stop a worker from outside.
"""

from __future__ import annotations

import of_http
import of_people
import of_recordings
import of_topics
from decoder import Decoder

DECODERS: tuple[Decoder, ...] = (
    *of_topics.of_the_topics(),
    *of_topics.of_the_state(),
    *of_recordings.of_the_vendors(),
    *of_recordings.of_recordings(),
    *of_people.of_people(),
    *of_http.of_http(),
    *of_http.of_weights(),
)

EXEMPT: dict[str, str] = {
    "connectors.registry": "loads entry points of installed packages; reads no bytes",
    "context.conversation": "digests of our own",
    "decide.released": "digests of our own",
    "lessons.exploring": "digests of our own",
    "lessons.holdout": "digests of our own",
    "execute.due": "words of a promise, any text; `test_due.py`",
    "execute.promises": "our own file, in the package",
    "understand.lexicon": "our own file, in the package",
    "understand.memory": "a row's bytes behind `context.snapshot`",
    "understand.network": "a row's bytes behind `context.snapshot`",
    "understand.minilm": "the encoder's folder, an operator's own; tokenizers and safetensors read it",
    "desk.keys": "hands the document on; `proof ...` reads it",
    "replay": "what our own workers wrote to topics of this run alone",
    "recorded": "names a reader; the readers are here",
}
"""Modules that decode something and have no entry, and why not. `learn/` reads an operator's training data."""
