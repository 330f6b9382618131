"""Settings -> the models that answer."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cxstream.context.foresight import Foresight
from cxstream.errors import ModelError
from cxstream.learn.reference import REFERENCE, load_reference
from cxstream.observe.metrics import Metrics
from cxstream.settings import Settings
from cxstream.understand.cached import CachedScorer
from cxstream.understand.encoder import Encoder
from cxstream.understand.lexicon import LexiconScorer
from cxstream.understand.light import LIGHT, LightScorer, load_light
from cxstream.understand.model import ModelScorer, load_encoder, load_scorer
from cxstream.understand.mood import MoodReader, load_mood
from cxstream.understand.routing import Remote, RoutedScorer, Step
from cxstream.understand.scorer import Scorer
from cxstream.understand.stream import Stream
from cxstream.understand.stream_file import PLACE
from cxstream.understand.stream_file import load as load_stream
from cxstream.understand.tenant import load as load_intents
from cxstream.understand.tenant_reader import LastBatch, TenantReader
from cxstream.understand.trajectory import RuleTrajectory

if TYPE_CHECKING:
    from cxstream.understand.precision import Trial

_log = logging.getLogger(__name__)


def shipped_models() -> Path:
    """The folder of the heads that come with cxstream."""
    return Path(__file__).resolve().parents[2] / "models"


class Ears(Protocol):
    """Who hears what the models do; implemented by `observe`."""

    def routed(self, step: Step, texts: int) -> None:
        """So many texts were answered by this step."""

    def remembered(self, hits: int, asked: int) -> None:
        """So many of the texts that the transformer was asked for were known from before."""

    def encoder(self, precision: str, speeds: Mapping[str, float]) -> None:
        """How the encoder calculates, and the tokens a second of each precision that was tried."""


def libraries() -> None:
    """Import what the models run on, where it is there: a second in which Python does nothing else."""
    with suppress(ImportError):  # load_scorer says what is missing
        importlib.import_module("cxstream.understand.minilm")


def scorer(settings: Settings, ears: Ears | None = None) -> Scorer:
    """The transformer with its heads; where it is missing, the lexicon, and a warning that says so.

    It remembers what it has said. Before it answers a light model, after it a remote one, as the settings
    have it.
    """
    with suppress(ImportError):  # load_scorer says what is missing
        importlib.import_module("torch").set_num_threads(settings.torch_threads)
    models = settings.models_dir or shipped_models()
    try:
        loaded = load_scorer(models, settings.encoder, settings.encoder_precision)
    except ModelError as error:
        _log.warning("scores come from the lexicon and are degraded: %s", error)
        return LexiconScorer()
    _tell_precision(loaded.encoder, ears)
    stream = foresight(settings)
    if isinstance(stream, Stream):
        try:
            loaded.gists = stream.fits(loaded.encoder).gists
        except ModelError as error:
            _log.warning("risk is set by hand, and no next action is known: %s", error)
    read = stream if isinstance(stream, Stream) else None
    if not settings.cache_texts:
        return _routed(settings, loaded, read, ears)
    kept = CachedScorer(
        loaded, most=settings.cache_texts, told=ears.remembered if ears is not None else None
    )
    return _routed(settings, kept, read, ears)


def lighter(model: Scorer) -> Scorer:
    """What answers when there is no time for the transformer: the light model, else the lexicon."""
    light = model.lighter() if isinstance(model, RoutedScorer) else None
    return light or LexiconScorer()


def transformer(model: Scorer) -> Scorer:
    """The scorer behind those that hand on to it or remember what it said."""
    while isinstance(model, RoutedScorer | CachedScorer):
        model = model.heavy
    return model


def _tell_precision(encoder: Encoder, ears: Ears | None) -> None:
    precision: str = getattr(encoder, "precision", "fp32")
    trials: Sequence[Trial] = getattr(encoder, "trials", ())
    seen = "; ".join(
        f"{t.precision}: {t.tokens_per_s:,.0f} tokens/s, cosine {t.nearness:.4f}" for t in trials
    )
    steps = "fused" if getattr(encoder, "fused", False) else "torch's own (see cxstream doctor)"
    _log.info(
        "the encoder calculates in %s (%s); steps: %s", precision, seen or "set, not tried", steps
    )
    if ears is not None:
        ears.encoder(precision, {trial.precision: trial.tokens_per_s for trial in trials})


def _routed(settings: Settings, heavy: Scorer, stream: Stream | None, ears: Ears | None) -> Scorer:
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
        whole=stream.whole
        if stream and light and light.stream == stream.about.mark.hex()
        else None,
        told=ears.routed if ears is not None else None,
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
    shared = _shared(model, "--intents")
    found = load_intents(settings.models_dir or shipped_models(), name, shared)
    return TenantReader(found, shared)


def mood(settings: Settings, model: Scorer) -> MoodReader:
    """GoEmotions' groups beside the scores, on the encoder of `model`: one pass serves both.

    ModelError when their head is missing or belongs to another encoder, or the scores come from none.
    """
    return load_mood(settings.models_dir or shipped_models(), _shared(model, "--moods"))


def _shared(model: Scorer, wanted: str) -> LastBatch:
    """The encoder of a scorer, remembering its last batches from now on."""
    heavy = transformer(model)
    if not isinstance(heavy, ModelScorer):
        raise ModelError(
            f"{wanted} needs the encoder, which is missing here: `cxstream doctor` says why"
        )
    if not isinstance(heavy.encoder, LastBatch):
        heavy.encoder = LastBatch(heavy.encoder)
    return heavy.encoder


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
        asked = model.heavy if isinstance(model, CachedScorer) else model
        metrics.watch(load_reference(path).fits(model.name, isinstance(asked, RoutedScorer)))
    except ModelError as error:
        _log.warning("drift is not watched: %s", error)
