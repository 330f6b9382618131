"""Settings -> the models that answer."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from pathlib import Path

from cxstream.context.foresight import Foresight
from cxstream.errors import ModelError
from cxstream.learn.reference import REFERENCE, load_reference
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.encoder import Encoder
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.light import LIGHT, LightScorer, load_light
from cxstream.understand.model import ModelScorer, load_encoder, load_scorer
from cxstream.understand.routing import Remote, RoutedScorer, Step
from cxstream.understand.scorer import Scorer
from cxstream.understand.stream import Stream
from cxstream.understand.stream_file import PLACE
from cxstream.understand.stream_file import load as load_stream
from cxstream.understand.tenant import load as load_intents
from cxstream.understand.tenant_reader import LastBatch, TenantReader
from cxstream.understand.trajectory import RuleTrajectory

_log = logging.getLogger(__name__)


def shipped_models() -> Path:
    """The folder of the heads that come with cxstream."""
    return Path(__file__).resolve().parents[2] / "models"


def scorer(settings: Settings, told: Callable[[Step, int], None] | None = None) -> Scorer:
    """The transformer with its heads; where it is missing, the lexicon, and a warning that says so.

    Before it answers a light model, after it a remote one, as the settings have it; `told` hears how many
    texts each answered.
    """
    try:
        loaded = load_scorer(settings.models_dir or shipped_models(), settings.encoder)
    except ModelError as error:
        _log.warning("scores come from the lexicon and are degraded: %s", error)
        return LexiconScorer()
    importlib.import_module("torch").set_num_threads(settings.torch_threads)
    stream = foresight(settings)
    if isinstance(stream, Stream):
        try:
            loaded.gist = stream.fits(loaded.encoder).gist
        except ModelError as error:
            _log.warning("risk is set by hand, and no next action is known: %s", error)
    mark = stream.about.mark.hex() if isinstance(stream, Stream) else None
    return _routed(settings, loaded, mark, told)


def _routed(
    settings: Settings,
    heavy: ModelScorer,
    mark: str | None,
    told: Callable[[Step, int], None] | None,
) -> Scorer:
    """The models before and after the transformer, as far as they are there and wanted."""
    path = (settings.models_dir or shipped_models()) / LIGHT
    light: LightScorer | None = None
    if settings.routing == "on" and path.is_file():
        try:
            light = LightScorer(load_light(path)).fits(heavy)
        except ModelError as error:
            _log.warning("the transformer answers everything: %s", error)
    remote = _remote(settings)
    if light is None and remote is None:
        return heavy
    return RoutedScorer(
        light,
        heavy,
        remote,
        threshold=settings.light_threshold,
        unsure=settings.remote_below,
        gists=light is not None and light.stream == mark,
        told=told,
    )


def _remote(settings: Settings) -> Remote | None:
    """The remote model, if one is configured."""
    if not settings.remote_url or not settings.remote_model:
        return None
    from cxstream.understand.remote import RemoteScorer

    key = settings.remote_key
    return RemoteScorer(
        settings.remote_url,
        settings.remote_model,
        key=key.get_secret_value() if key else None,
        deadline_s=settings.remote_deadline_s,
    )


def encoder(settings: Settings) -> Encoder:
    """The encoder alone. ModelError when it is missing."""
    return load_encoder(settings.models_dir or shipped_models(), settings.encoder)


def tenant(settings: Settings, name: str, model: Scorer) -> TenantReader:
    """A tenant's own intents, on the encoder of `model`: one pass serves both.

    ModelError when they are missing or belong to another encoder, or when the scores come from no encoder.
    """
    heavy = getattr(model, "heavy", model)  # behind a light model stands the transformer
    if not isinstance(heavy, ModelScorer):
        raise ModelError(
            "--intents needs the encoder, which is missing here: `cxstream doctor` says why"
        )
    shared = LastBatch(heavy.encoder)
    found = load_intents(settings.models_dir or shipped_models(), name, shared)
    heavy.encoder = shared
    return TenantReader(found, shared)


def foresight(settings: Settings) -> Foresight:
    """The stream of risk and next actions; where it is missing, the weights set by hand, and a warning."""
    try:
        return load_stream((settings.models_dir or shipped_models()) / PLACE)
    except ModelError as error:
        _log.warning("risk is set by hand, and no next action is known: %s", error)
        return RuleTrajectory()


def watch_drift(settings: Settings, metrics: Metrics, model: Scorer) -> None:
    """Have scores compared with those of training, where a reference of the same models is there."""
    path = (settings.models_dir or shipped_models()) / REFERENCE
    if not path.is_file():
        return
    try:
        metrics.watch(load_reference(path).fits(model.name, isinstance(model, RoutedScorer)))
    except ModelError as error:
        _log.warning("drift is not watched: %s", error)
