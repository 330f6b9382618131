"""How Faust proves itself to Kafka, from the settings. Secrets stay inside Faust's own values."""

from __future__ import annotations

import ssl

import faust

from cxstream.settings import Settings


def credentials(settings: Settings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """How Faust proves itself to Kafka, or None in plain text."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = None
    if settings.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
    if settings.security_protocol == "SSL":
        return faust.SSLCredentials(context)
    secret = settings.sasl_password
    return faust.SASLCredentials(
        mechanism=settings.sasl_mechanism,
        username=settings.sasl_username,
        password=secret.get_secret_value() if secret else None,
        ssl_context=context,
    )
