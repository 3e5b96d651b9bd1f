"""One request and its answer, as the layers of the service share it."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from nli_lifecycle.serving.head import Release

REQUEST_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"
DIGEST_SHOWN = 12
_valid = re.compile(REQUEST_ID[:-1] + r"\Z").match
_KEY = "nli_exchange"


@dataclass(slots=True)
class Exchange:
    """What becomes known of a request while it is answered.

    Attributes:
        request_id: the caller's, where it is valid, else a new one.
        arrived: ``time.perf_counter`` when its headers were in.
        release: what answers it; None until it is known, or where nothing predicts.
        pairs: how many were answered.
        status: of the answer; 0 until it begins.
    """

    request_id: str
    arrived: float = field(default_factory=time.perf_counter)
    release: Release | None = None
    pairs: int = 0
    status: int = 0

    @classmethod
    def begin(cls, scope: MutableMapping[str, Any]) -> Exchange:
        """Begin one and keep it with the request."""
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        text = given.decode("latin-1")
        exchange = cls(text if _valid(text) else uuid.uuid4().hex)
        scope[_KEY] = exchange
        return exchange

    @staticmethod
    def of(scope: MutableMapping[str, Any]) -> Exchange:
        """The exchange that a request belongs to."""
        found: Exchange = scope[_KEY]
        return found

    def elapsed_s(self) -> float:
        """Seconds since the request arrived."""
        return time.perf_counter() - self.arrived

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that say which request this answers, and which model does."""
        headers = [(b"x-request-id", self.request_id.encode())]
        if self.release is not None:
            headers += [
                (b"x-model-version", self.release.version.encode()),
                (b"x-model-digest", self.release.digest[:DIGEST_SHOWN].encode()),
                (b"x-epoch", b"%d" % self.release.epoch),
            ]
        return headers
