"""The service's settings, read from the configuration's ``serving.yml``: each with its unit."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BatchingSettings(_Settings):
    """How pairs of different requests are answered together."""

    max_tokens: int = Field(1024, gt=0, description="estimated tokens that a batch holds at most")
    max_wait_ms: float = Field(0.0, ge=0, description="longest wait for company while idle")
    max_queued_pairs: int = Field(2048, gt=0, description="beyond it, requests are refused (429)")
    workers: int | None = Field(None, gt=0, description="batches side by side; null: one per core")
    timeout_s: float = Field(30.0, gt=0, description="longest that a request may take (503)")


class LimitSettings(_Settings):
    """What a single request may ask for."""

    max_body_bytes: int = Field(8_000_000, gt=0)
    max_pairs: int = Field(1_000, gt=0, description="pairs of a request, after its tasks' own")
    max_text_chars: int = Field(100_000, gt=0, description="characters of one text")
    slow_client_s: float = Field(15.0, gt=0, description="a body must have arrived by then (408)")


class FollowSettings(_Settings):
    """How the service follows its environment's champion."""

    poll_s: float = Field(5.0, gt=0, description="seconds between two looks at the ledger's head")
    cache: str = Field(description="folder of verified versions, to start without the registry")
    keep: int = Field(3, ge=1, description="versions kept in the cache")


class ShadowSettings(_Settings):
    """The candidate answers a share of traffic too, for the log only."""

    share: float = Field(0.0, ge=0, le=1, description="of requests; 0: no shadow")
    max_queued_pairs: int = Field(256, gt=0, description="beyond it, shadow answers are skipped")


class LogSettings(_Settings):
    """The inference log."""

    enabled: bool = True
    url: str = Field(description="SQLAlchemy address of the database, e.g. sqlite:////path/log.db")
    journal: str = Field(description="folder in which answers wait for the database")
    share: float = Field(1.0, ge=0, le=1, description="of requests that are logged")
    durability: Literal["memory", "process", "machine"] = Field(
        "process",
        description="an answer is given when its row survives: nothing; a killed process; a "
        "power failure (fsync)",
    )
    text: Literal["hash", "plain"] = Field("hash", description="whether texts themselves are kept")
    required: bool = Field(False, description="refuse to answer (503) what cannot be logged")
    max_journal_mb: float = Field(512, gt=0, description="waiting rows beyond it are dropped")
    flush_ms: float = Field(200, gt=0, description="rows are handed to the database this often")


class MonitoringSettings(_Settings):
    """What the monitoring pipeline wrote, shown by this service."""

    report: str | None = Field(
        None, description="its JSON document; the HTML page lies beside it; null: not shown"
    )
    old_after_hours: float = Field(
        24.0, gt=0, description="a document that was made longer ago is called old"
    )


class SecuritySettings(_Settings):
    """Who may ask what. Tokens come from the environment or a file, never from here."""

    predict_token_env: str = "NLI_SERVE_TOKEN"
    admin_token_env: str = "NLI_SERVE_ADMIN_TOKEN"
    token_file: str | None = Field(
        None, description="YAML file of tokens, re-read when it changes; wins over the variables"
    )
    cors_origins: tuple[str, ...] = ()


class ServingSettings(_Settings):
    """Everything that ``serving.yml`` may say."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    follow: FollowSettings
    log: LogSettings
    batching: BatchingSettings = BatchingSettings()
    limits: LimitSettings = LimitSettings()
    shadow: ShadowSettings = ShadowSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    security: SecuritySettings = SecuritySettings()
