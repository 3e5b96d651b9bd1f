"""Answers to log, settings of a log in a folder, and what its database then holds."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.features import Deriver, parse, record_of
from nli_lifecycle.serving.log.journaled import JournaledLog
from nli_lifecycle.serving.log.reading import LogReader
from nli_lifecycle.serving.log.record import Answered, Feedback
from nli_lifecycle.serving.log.database import for_writing
from nli_lifecycle.serving.log.store import Store
from nli_lifecycle.serving.settings import LogSettings

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=timezone.utc)
CHAMPION = Release("prod.nli.classifier", "7", "a" * 64, 5)
CANDIDATE = Release("prod.nli.classifier", "8", "b" * 64, 5)


def answered(request_id: str = "r1", position: int = 0, **changes: Any) -> Answered:
    fields: dict[str, Any] = {
        "role": "champion",
        "time": NOW,
        "endpoint": "/predict",
        "release": CHAMPION,
        "premise": "A man walks his dog.",
        "hypothesis": "A dog is outside.",
        "probabilities": (0.7, 0.2, 0.1),
        "latency_ms": 4.5,
    }
    return Answered(request_id=request_id, position=position, **{**fields, **changes})


def said(label: str = "neutral", source: str = "ann", after: float = 0, **changes: Any) -> Feedback:
    fields: dict[str, Any] = {"request_id": "r1", "position": 0, **changes}
    return Feedback(label=label, source=source, time=NOW + timedelta(seconds=after), **fields)


def log_settings(folder: Path, **changes: Any) -> LogSettings:
    fields = {"url": f"sqlite:///{folder}/log.db", "journal": str(folder / "journal")}
    return LogSettings.model_validate({"flush_ms": 20, **fields, **changes})


def opened(settings: LogSettings, **changes: Any) -> JournaledLog:
    fields: dict[str, Any] = {"environment": "prod", "folder_of": lambda release: None}
    return JournaledLog(settings, **{**fields, **changes})


def rows_at(url: str) -> list[dict[str, Any]]:
    """All rows of the log, by arrival."""
    reader = LogReader(url)
    try:
        return [row for batch in reader.rows() for row in by_row(batch)]
    finally:
        reader.close()


def by_row(batch: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(batch, values)) for values in zip(*batch.values())]


async def until_empty(log: JournaledLog, seconds: float = 20) -> None:
    """Wait until nothing waits for the database any more."""
    ends = time.monotonic() + seconds
    while log.statistics().waiting:
        assert time.monotonic() < ends, log.statistics()
        await asyncio.sleep(0.02)


class Log:
    """Tables into which rows are put straight, and a reader."""

    def __init__(self, url: str, texts: bool = False) -> None:
        self.deriver = Deriver(b"k" * 32, None, texts, lambda release: None)
        self.store = Store(for_writing(url))
        self.store.prepare()
        self.reader = LogReader(url)

    def add(self, *answers: Answered) -> None:
        self.store.add([parse(self.deriver.record(answer))[1] for answer in answers], [])

    def say(self, *words: Feedback) -> None:
        named = (parse(record_of(word, uuid4().hex))[1] for word in words)
        self.store.add([], list(named))

    def close(self) -> None:
        self.store.close()
        self.reader.close()
