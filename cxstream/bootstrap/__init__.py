"""Settings, models, playbooks and engines -> a running system. The only place that chooses.

One file for each thing that is made: `desk`, `models`, `topics`, `worker`.
"""

from cxstream.bootstrap.models import (
    encoder,
    foresight,
    libraries,
    mood,
    scorer,
    shipped_models,
    tenant,
    transformer,
    watch_drift,
)
from cxstream.bootstrap.playbooks import playbooks
from cxstream.bootstrap.topics import prepare_topics, remove_topics, topics_there
from cxstream.bootstrap.worker import (
    Front,
    Judgement,
    build,
    faust_app,
    front,
    judgement,
    on_embedded,
    working,
)

__all__ = [
    "Front",
    "Judgement",
    "build",
    "encoder",
    "faust_app",
    "foresight",
    "front",
    "judgement",
    "libraries",
    "mood",
    "on_embedded",
    "playbooks",
    "prepare_topics",
    "remove_topics",
    "scorer",
    "shipped_models",
    "tenant",
    "topics_there",
    "transformer",
    "watch_drift",
    "working",
]
