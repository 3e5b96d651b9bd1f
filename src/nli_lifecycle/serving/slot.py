"""Taking a release in beside the one that answers, and trying again where that failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic

from nli_lifecycle.serving.head import BadRelease, HeadUnavailable, Release
from nli_lifecycle.serving.model import Served

logger = logging.getLogger(__name__)

RETRY_S, LONGEST_S = 30.0, 600.0  # first wait after a failure, doubled each time up to the longest


@dataclass(frozen=True)
class _Failure:
    release: Release
    alert: str
    wait_s: float
    not_before: float  # on the monotonic clock


class Slot:
    """What answers in one role, and what could not take its place.

    Args:
        load: loads a release, verified and warm.
    """

    def __init__(self, load: Callable[[Release], Served]) -> None:
        self.served: Served | None = None  # one reference, replaced as a whole
        self._load = load
        self._failure: _Failure | None = None

    def take(self, release: Release, forced: bool = False) -> str | None:
        """Let a release answer, unless it answers already or cannot.

        Whatever is wrong with it, the old one goes on; a release that failed is tried again when
        it is another one, after a while, or when forced.

        Returns:
            None where it answers now; else why not, in a sentence.
        """
        served = self.served
        if served is not None and served.release.digest == release.digest:
            if served.release != release:
                self.served = replace(served, release=release)
            self._failure = None
            return None
        if not forced and (alert := self._waiting(release)):
            return alert
        try:
            self.served = self._load(release)
        except (BadRelease, HeadUnavailable, OSError) as error:
            return self._failed(release, str(error))
        except Exception as error:  # onnxruntime raises classes of its own
            logger.exception("Cannot load version %s of %s", release.version, release.model)
            return self._failed(release, f"It cannot be loaded: {error!r}.")
        self._failure = None
        return None

    def clear(self) -> None:
        """Let nothing answer."""
        self.served = self._failure = None

    def _waiting(self, release: Release) -> str | None:
        failure = self._failure
        if failure is None or failure.release != release or monotonic() >= failure.not_before:
            return None
        return failure.alert

    def _failed(self, release: Release, said: str) -> str:
        before = self._failure
        again = before is not None and before.release == release
        wait = min(before.wait_s * 2, LONGEST_S) if before and again else RETRY_S
        still = (
            f"version {self.served.release.version} goes on answering"
            if self.served
            else "nothing answers in its place"
        )
        alert = (
            f"Version {release.version} of {release.model} (epoch {release.epoch}) is not served, "
            f"{still}: {said}"
        )
        self._failure = _Failure(release, alert, wait, monotonic() + wait)
        return alert
