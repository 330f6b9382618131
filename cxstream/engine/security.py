"""How a client proves itself to the brokers, and they to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cxstream.settings import Settings


@dataclass(frozen=True)
class Security:
    """How a client proves itself to the brokers and they to it; the default is plain text."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Security:
        """What the settings say."""
        secret = settings.sasl_password
        return cls(
            protocol=settings.security_protocol,
            mechanism=settings.sasl_mechanism,
            username=settings.sasl_username,
            password=secret.get_secret_value() if secret else None,
            cafile=settings.ssl_cafile,
        )

    def for_aiokafka(self) -> dict[str, object]:
        """Keyword arguments that aiokafka's producer, consumer and admin client all take."""
        given: dict[str, object] = {"security_protocol": self.protocol}
        if self.protocol.endswith("SSL"):
            given["ssl_context"] = ssl.create_default_context(cafile=self.cafile)
        if self.protocol.startswith("SASL"):
            given |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return given


PLAIN_TEXT = Security()
