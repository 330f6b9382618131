"""OpenTelemetry's variables -> who makes spans; nobody, where they do not ask for traces."""

from __future__ import annotations

from collections.abc import Mapping

from cxstream.engine.tracing import Tracer
from cxstream.errors import SettingsError

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether spans are to be sent: an endpoint or `otlp` is named, and nothing says no.

    Raises `SettingsError` for what we cannot do.
    """
    exporter = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == "none":
        return False
    if not exporter and not any(environ.get(name) for name in _ENDPOINTS):
        return False
    if exporter not in ("", "otlp"):
        raise SettingsError(f"OTEL_TRACES_EXPORTER={exporter}: spans go out by `otlp` only")
    spoken = next((environ[name] for name in _PROTOCOLS if environ.get(name)), "http/protobuf")
    if spoken != "http/protobuf":
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL={spoken}: spans go out by http/protobuf only, to the"
            " collector's port 4318"
        )
    return True


def tracer(service: str, environ: Mapping[str, str]) -> Tracer | None:
    """Who makes the spans of this process. Raises `SettingsError` when its packages are not there."""
    if not wanted(environ):
        return None
    try:
        from cxstream.observe.tracing import OtelTracer
    except ModuleNotFoundError as error:
        raise SettingsError(
            "OTEL_* ask for traces, but OpenTelemetry is not installed: pip install 'cxstream[otel]',"
            " or OTEL_SDK_DISABLED=true"
        ) from error
    return OtelTracer(service, environ)
