"""A ledger that lives in memory: for tests and notebooks."""

from __future__ import annotations

import threading
from collections.abc import Mapping


class InMemoryLedger:
    """See ``Ledger``; safe between threads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._lines: dict[str, str] | None = None
        self._lock = threading.Lock()

    def lines(self) -> dict[str, str] | None:
        """See ``Ledger.lines``."""
        with self._lock:
            return None if self._lines is None else dict(self._lines)

    def create(self) -> None:
        """See ``Ledger.create``."""
        with self._lock:
            self._lines = {} if self._lines is None else self._lines

    def put(self, key: str, text: str) -> str:
        """See ``Ledger.put``."""
        with self._lock:
            assert self._lines is not None, "create() comes before put()"
            return self._lines.setdefault(key, text)

    def replace(self, lines: Mapping[str, str]) -> None:
        """See ``Ledger.replace``."""
        with self._lock:
            self._lines = dict(lines)
