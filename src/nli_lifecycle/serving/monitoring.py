"""What monitoring wrote last: its document and its page, as they lie in the data root."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import MonitoringSettings

FRESH_S = 3.0
LARGEST = 64_000_000  # bytes; a report of 2,000 windows has 4 million
_NAMED = ("environment", "model", "made", "windows", "alerts")

_logger = logging.getLogger(__name__)


class Damaged(ValueError):
    """The file is no report; the message says why, for people."""


@dataclass(frozen=True)
class Document:
    """A whole document.

    Attributes:
        body: its bytes.
        etag: as HTTP has it.
        made: when it was made.
    """

    body: bytes
    etag: str
    made: datetime


class MonitoringFile:
    """The last good document, looked at again after a few seconds, never on the event loop."""

    def __init__(
        self, settings: MonitoringSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is read yet; there need be no file.

        Args:
            settings: where it lies, and from when on it is old.
            clock: seconds that only grow.
        """
        self._path = Path(settings.report) if settings.report else None
        self._old_hours = settings.old_after_hours
        self._clock = clock
        self._good: Document | None = None
        self._fault = ""
        self._stamp: tuple[int, int, int] | None = None
        self._looked: float | None = None
        self._looking = asyncio.Lock()

    async def document(self) -> tuple[Document, str]:
        """The last good document, and what is wrong with it, if anything.

        Raises:
            Problem: 404 where monitoring has not run yet; 503 where there never was a good one.
        """
        if self._path is None:
            raise Problem(
                404,
                "This service does not know where monitoring writes its report: set "
                "monitoring.report in serving.yml.",
            )
        async with self._looking:
            if self._looked is None or self._clock() - self._looked >= FRESH_S:
                await asyncio.to_thread(self._look, self._path)
                self._looked = self._clock()
        if self._good is None:
            if self._fault:
                raise Problem(503, self._fault, {"Retry-After": f"{FRESH_S:.0f}"})
            raise Problem(
                404, "Monitoring has not run yet: kedro run --env <env> --pipelines monitoring."
            )
        return self._good, self._fault or self._age(self._good.made)

    async def page(self) -> bytes:
        """The HTML page that lies beside the document.

        Raises:
            Problem: 404 where there is none.
        """
        if self._path is not None:
            try:
                return await asyncio.to_thread(self._path.with_suffix(".html").read_bytes)
            except OSError:
                pass
        raise Problem(
            404, "There is no page of monitoring yet: kedro run --env <env> --pipelines monitoring."
        )

    def _look(self, path: Path) -> None:
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp == self._stamp:
                return
            self._good, self._fault, self._stamp = _read(path, stat.st_size), "", stamp
        except FileNotFoundError:
            self._stamp = None
            self._fault = "The report is gone; this is the last that there was." * bool(self._good)
        except (OSError, Damaged) as error:
            # Perhaps it is being written: looked at again next time, complained of once.
            said = error.strerror if isinstance(error, OSError) else str(error)
            fault = f"Monitoring's report cannot be used: {said}. "
            fault += "This is the last good one." if self._good else "Run monitoring again."
            if fault != self._fault:
                _logger.warning("%s: %s", path, said)
            self._stamp, self._fault = None, fault

    def _age(self, made: datetime) -> str:
        hours = (datetime.now(timezone.utc) - made).total_seconds() / 3600
        if hours <= self._old_hours:
            return ""
        since = f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"
        return f"Monitoring has not run for {since}: is its job still scheduled?"


def _read(path: Path, size: int) -> Document:
    if size > LARGEST:
        raise Damaged(f"it has {size:,} bytes, more than {LARGEST:,}")
    body = path.read_bytes()
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Damaged("it is no valid JSON, or not written to its end") from None
    missing = [name for name in _NAMED if not isinstance(found, dict) or name not in found]
    if missing:
        raise Damaged(f"it does not say {missing[0]}")
    try:
        made = datetime.fromisoformat(found["made"])
    except (TypeError, ValueError):
        raise Damaged("it does not say when it was made") from None
    zoned = made if made.tzinfo else made.replace(tzinfo=timezone.utc)
    return Document(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', zoned)
