"""Settings and a file of endpoints -> services that post to them, beside the desk."""

from __future__ import annotations

from cxstream.desk.ports import Service
from cxstream.desk.secrets import Secrets
from cxstream.desk.webhooks import Poster, load_endpoints
from cxstream.engine.posting import Posting
from cxstream.engine.tracing import Tracer
from cxstream.execute.http import HttpTransport
from cxstream.execute.transport import CallObserver
from cxstream.listen.redact import PatternRedactor
from cxstream.settings import Settings


class _Transport:
    """One connection pool for all endpoints, closed with the desk."""

    def __init__(self, observer: CallObserver) -> None:
        self.http = HttpTransport(observer)

    async def start(self) -> None:
        await self.http.__aenter__()

    async def stop(self) -> None:
        await self.http.__aexit__(None, None, None)


def build_webhooks(
    settings: Settings, secrets: Secrets, observer: CallObserver, spans: Tracer | None
) -> list[Service]:
    """A service an endpoint, none where no file is set. Raises `SettingsError` for what is wrong in it."""
    if settings.webhooks_file is None:
        return []
    endpoints = load_endpoints(settings.webhooks_file, secrets.valid)
    transport = _Transport(observer)
    services: list[Service] = [transport]
    for endpoint in endpoints:
        poster = Poster(endpoint, transport.http, secrets.valid)
        services.append(
            Posting(
                settings,
                endpoint.name,
                endpoint.records,
                poster.post,
                within_s=endpoint.within_s,
                redactor=PatternRedactor(),
                tracer=spans,
            )
        )
    return services
