"""Every setting of cxstream, in one frozen value; units are in the names.

Each comes from the environment as `CXSTREAM_<NAME>` (secrets from the environment or from files only) or
from the command line, which wins.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)


class Settings(BaseSettings):
    """How one process of cxstream runs. Raises pydantic's `ValidationError` naming the setting at fault."""

    model_config = SettingsConfigDict(env_prefix="CXSTREAM_", frozen=True, extra="forbid")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line wins over the environment, and that over files in `secrets_dir`."""
        folder = os.environ.get("CXSTREAM_SECRETS_DIR")
        if not folder:
            return init_settings, env_settings
        files = SecretsSettingsSource(settings_cls, secrets_dir=folder, env_prefix="")
        return init_settings, env_settings, files

    # Kafka
    brokers: str = Field(
        "127.0.0.1:9092", description="bootstrap servers, host:port, comma separated"
    )
    embedded: bool = Field(
        False, description="the brokers are the embedded one (see docs/kafka.md)"
    )
    app_id: str = Field(
        "cxstream",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$",  # also the name of a folder
        description="consumer group, and prefix of changelog topics",
    )
    topic_prefix: str = Field("cx.", description="prefix of every topic")
    partitions: int = Field(4, ge=1, description="partitions of every topic; can't change later")
    replication: int = Field(1, ge=1, description="replicas of topics that are created here")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    instance_id: str | None = Field(
        None, description="stable member name; default: from host and data folder"
    )
    session_timeout_s: float = Field(
        10.0, gt=0, description="a silent worker is replaced after this"
    )

    # State
    store: Literal["memory", "rocksdb"] = Field(
        "rocksdb", description="where state lies; on the embedded broker, which forgets too: memory"
    )
    data_dir: Path = Field(
        Path("data"), description="workers take a folder each in here, for their state"
    )

    # The engine
    batch_max: int = Field(64, ge=1, description="most records of one micro-batch")
    drain_s: float = Field(20.0, gt=0, description="at shutdown, work in hand may take this long")
    stall_s: float = Field(
        60.0,
        gt=0,
        description="work that is not done, or not committed, for so long ends the worker",
    )
    score_deadline_s: float | None = Field(
        2.0, gt=0, description="after this the lexicon answers for a late model; unset for replays"
    )
    explain_deadline_s: float | None = Field(
        0.1, gt=0, description="a decision waits so long for its words; unset for replays"
    )
    overload_s: float | None = Field(
        2.0,
        gt=0,
        description="when records wait so long a worker lets go of something; unset for replays",
    )
    overload_calm_s: float = Field(
        10.0, gt=0, description="and it is taken back after so long without such a wait"
    )
    torch_threads: int = Field(1, ge=1, description="threads of the forward pass")

    # Models and rules
    models_dir: Path | None = Field(
        None, description="folder of the heads; default: the shipped ones"
    )
    encoder: Path | None = Field(None, description="folder of the encoder; default: its package")
    encoder_precision: Literal["auto", "fp32", "int8", "bf16"] = Field(
        "auto", description="how the encoder calculates; auto tries at start what is fastest here"
    )
    cache_texts: int = Field(
        16_384, ge=0, description="texts whose scores are remembered, 2 kB each; 0: none"
    )
    routing: Literal["on", "off"] = Field(
        "on", description="whether the light model answers the routine, if there is one"
    )
    light_threshold: float | None = Field(
        None, ge=0, description="agreement from which it may; default: what the model came with"
    )
    remote_url: str | None = Field(
        None,
        pattern="^https?://",
        description="an OpenAI-compatible endpoint for the transformer's doubts, as http://host/v1",
    )
    remote_model: str | None = Field(None, description="the model that is asked for there")
    remote_key: SecretStr | None = None
    remote_deadline_s: float = Field(
        1.0, gt=0, description="after this the transformer's answer stands"
    )
    remote_below: float = Field(
        0.4, ge=0, le=1, description="probability of its best intent below which it is asked"
    )
    playbooks: tuple[Path, ...] = Field((), description="playbook files; default: the shipped one")
    allowed_lateness_s: int = Field(
        120, ge=1, description="how late a fragment may be and still find its place"
    )

    # The desk
    desk_host: str = Field("127.0.0.1", description="the desk listens on this address")
    desk_port: int = Field(8080, ge=0, le=65535, description="and port; 0 takes a free one")
    desk_body_max_bytes: int = Field(
        1024 * 1024, ge=1024, description="a request whose body is larger is refused"
    )
    desk_write_timeout_s: float = Field(
        10.0,
        gt=0,
        description="Kafka has a record within this, or the sender is told to send again",
    )
    webhooks_file: Path | None = Field(
        None, description="systems that the desk posts decisions to; see docs/desk.md"
    )
    desk_token_s: float = Field(900.0, gt=0, description="a desktop's token holds for so long")
    desk_session_s: float = Field(
        43_200.0, gt=0, description="and is renewed for so long after sign-in"
    )
    desk_replay_events: int = Field(
        64, ge=1, description="events of a stream that a reader who comes back may have missed"
    )
    desk_queue_events: int = Field(
        256, ge=1, description="events that may wait for a reader before it is cut off"
    )
    desk_keepalive_s: float = Field(15.0, gt=0, description="a silent stream says so this often")
    desk_lookback_s: float = Field(
        3600.0, ge=0, description="a desk that starts reads the topics from so long ago"
    )
    desk_partials: bool = Field(
        True,
        description="words are shown while they are said; each desk then reads cx.transcripts too",
    )
    desk_embedded_in: tuple[str, ...] = Field(
        (), description="sites that may show the pages in a frame; default: none"
    )
    secrets_dir: Path | None = Field(
        None, description="folder with a file for each secret, `sasl_password` and the desk's"
    )

    follow_releases: bool = Field(
        True, description="whether playbooks released on their topic are taken up; off for replays"
    )
    expire_by_clock: bool = Field(
        True,
        description="whether time alone makes approvals expire, and the ledger late; off for replays",
    )

    # Learning from outcomes
    outcome_window_h: float = Field(
        168.0, gt=0, description="how long after a decision its outcomes count, in event time"
    )
    learning: Literal["shadow", "on"] = Field(
        "shadow", description="shadow learns and publishes; on also decides by what was learnt"
    )
    beliefs: Path | None = Field(
        None, description="file of cx.learnt records to decide by, instead of the topic as it grows"
    )
    explore_share: float = Field(
        0.0, ge=0, le=0.5, description="contested choices that may leave the best known; 0 is off"
    )
    explore_until: int = Field(200, ge=1, description="lessons from which a rule is mature")
    control_share: float = Field(
        0.02, ge=0, le=0.5, description="share of customers who get no suggestions, by month"
    )

    connectors_file: Path | None = Field(
        None, description="how vendors' endpoints are set up; see docs/connectors.md"
    )

    # Promises and the back office
    time_zone: str = Field(
        "UTC",
        description="customers who have told no time zone live here: when is tomorrow noon?",
    )
    executor_config: Path | None = Field(
        None, description="what each action is in your back office (YAML, see docs/actions.md)"
    )
    executor_in_flight: int = Field(
        64, ge=1, description="actions that one executor carries out at the same time"
    )
    executor_held: int = Field(
        10_000,
        ge=1,
        description="actions it may hold until their time; the rest stays in Kafka",
    )

    # Watching
    metrics_port: int = Field(
        9108, ge=0, le=65535, description="a worker serves /metrics here; 0 takes a free port"
    )
    metrics_host: str = "127.0.0.1"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = Field(
        "text", description="text for people, json for what collects logs"
    )

    @property
    def on_disk(self) -> bool:
        """Whether state outlives the process; beside a broker that forgets it must not."""
        return self.store == "rocksdb" and not self.embedded

    @model_validator(mode="after")
    def _remote_in_time(self) -> Settings:
        if self.remote_url is None:
            return self
        if not self.remote_model:
            raise ValueError("remote_url is set, but not remote_model: name the model to ask for")
        if self.score_deadline_s is not None and self.remote_deadline_s >= self.score_deadline_s:
            raise ValueError(
                "remote_deadline_s should be below score_deadline_s, or the lexicon answers first"
            )
        return self

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            raise ValueError("should be the name of a zone, as Europe/London") from None
        return name

    @field_validator("brokers")
    @classmethod
    def _host_and_port(cls, brokers: str) -> str:
        for broker in brokers.split(","):
            host, colon, port = broker.strip().rpartition(":")
            if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
                raise ValueError("should be host:port, comma separated")
        return brokers
