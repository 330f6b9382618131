"""A listener of the local cluster that asks for TLS and a password, as production does: SASL_SSL.

Users may log in by PLAIN or SCRAM-SHA-512. The certificate is the caller's (PEM files); between themselves the
brokers keep to plain text on loopback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

NAME = "SECURE"


@dataclass(frozen=True)
class SecureListener:
    """`keystore` (PEM) holds the broker's key (PKCS #8) and certificate chain; `user` logs in by `password`."""

    port: int
    keystore: Path
    user: str
    password: str = field(repr=False)

    def address(self) -> str:
        """Where clients reach it."""
        return f"127.0.0.1:{self.port}"

    def properties(self) -> list[str]:
        """Lines of server.properties, the listener's own."""
        name = f"listener.name.{NAME.lower()}"
        plain = "org.apache.kafka.common.security.plain.PlainLoginModule"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
        return [
            f"{name}.ssl.keystore.type=PEM",
            f"{name}.ssl.keystore.location={self.keystore}",
            f"{name}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
            f'{name}.plain.sasl.jaas.config={plain} required user_{self.user}="{self.password}";',
            f"{name}.scram-sha-512.sasl.jaas.config={scram} required;",
        ]

    def format_arguments(self) -> list[str]:
        """What the storage is formatted with, so that the SCRAM user is known from the first start."""
        return ["--add-scram", f"SCRAM-SHA-512=[name={self.user},password={self.password}]"]
