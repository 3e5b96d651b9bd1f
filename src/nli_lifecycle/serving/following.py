"""Following the champion: look at the ledger's head, take in what is new, keep what is good.

Looking and loading happen in a thread of its own: a registry that hangs keeps neither requests
nor the end of the process waiting. What answers is one reference, replaced as a whole; whoever
still answers with the old version holds it until done.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nli_lifecycle.serving.cache import Cache
from nli_lifecycle.serving.epochs import going_back
from nli_lifecycle.serving.head import BadRelease, HeadReader, HeadUnavailable, Release
from nli_lifecycle.serving.model import Served, Standing
from nli_lifecycle.serving.settings import FollowSettings
from nli_lifecycle.serving.slot import Slot

logger = logging.getLogger(__name__)

SHUTDOWN_S = 5.0  # a look that hangs longer is left behind
JITTER = 0.1  # share of the pause: services that start together should not ask together


class Following:
    """See ``Source``. ``start`` it, and ``close`` it in the end.

    Args:
        reader: the environment's registry; asked from one thread only.
        settings: how often to look, and the cache.
        with_candidate: whether the candidate is loaded too.

    Raises:
        CacheError: the cache cannot be used, or belongs to another model.
    """

    def __init__(
        self, reader: HeadReader, settings: FollowSettings, *, with_candidate: bool = False
    ) -> None:
        self._reader = reader
        self._poll_s = settings.poll_s
        self._with_candidate = with_candidate
        self._cache = Cache(Path(settings.cache), reader.model, settings.keep)
        self._champion = Slot(lambda release: self._cache.load(release, reader))
        self._shadow = Slot(lambda release: self._cache.load(release, reader))
        self._latest, self._cache_fault = self._remembered()
        self._standing = Standing(reachable=False, looked=None, head=None, alert=None)
        self._asked: queue.SimpleQueue[Future[None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)

    @property
    def served(self) -> Served | None:
        """See ``Source.served``."""
        return self._champion.served

    @property
    def candidate(self) -> Served | None:
        """See ``Source.candidate``."""
        return self._shadow.served

    @property
    def latest(self) -> Release | None:
        """The latest release that was ever served from this cache; None before the first."""
        return self._latest

    def folder_of(self, release: Release) -> Path | None:
        """Where a version's verified bytes are; None where they are not here."""
        folder = self._cache.folder / release.digest
        return folder if folder.is_dir() else None

    def standing(self) -> Standing:
        """See ``Source.standing``."""
        return self._standing

    def start(self) -> None:
        """Begin to follow; returns at once."""
        self._thread.start()

    async def refresh(self) -> None:
        """Look now, and try again what failed; returns when that is done."""
        if not self._thread.is_alive():
            return
        done: Future[None] = Future()
        self._asked.put(done)
        await asyncio.wrap_future(done)

    def close(self) -> None:
        """Stop following; what is served stays usable."""
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join(SHUTDOWN_S)
        if not self._thread.is_alive():
            self._cache.close()

    def look(self, forced: bool = False) -> None:
        """Look at the head once and take in what is new.

        Args:
            forced: also try again what failed a short while ago.
        """
        before = (self.served, self.candidate)
        try:
            head = self._reader.champion()
        except HeadUnavailable as error:
            alert = self._answer_from_cache(str(error))
            standing = replace(self._standing, reachable=False, alert=alert)
        else:
            said = self._follow(head, forced)
            said = self._answer_from_cache(said) if said else self._follow_candidate(forced)
            standing = Standing(reachable=True, looked=time.time(), head=head, alert=said)
        if (self.served, self.candidate) != before:
            self._note()
        self._stand(standing)

    def _run(self) -> None:
        asked: Future[None] | None = None
        while True:
            try:
                self.look(forced=asked is not None)
            except Exception as error:  # following goes on, whatever one look met
                logger.exception("A look at the registry failed")
                alert = f"A look at the registry failed: {error!r}."
                self._stand(replace(self._standing, reachable=False, alert=alert))
            if asked is not None:
                asked.set_result(None)
            asked = None
            with suppress(queue.Empty):
                pause = self._poll_s * random.uniform(1 - JITTER, 1 + JITTER)
                asked = self._asked.get(timeout=pause)
                if asked is None:
                    return
                if not asked.set_running_or_notify_cancel():
                    asked = None

    def _follow(self, head: Release | None, forced: bool) -> str | None:
        """Take the head in; returns why it is not what is served."""
        if refusal := going_back(self._latest, head):
            return (
                f"{refusal} What is served stays. If the ledger was made anew on purpose, stop the "
                f"service, delete {self._cache.folder} and start it again."
            )
        if head is None:
            return None
        alert = self._champion.take(head, forced)
        if alert is None:
            self._latest = head
        return alert

    def _follow_candidate(self, forced: bool) -> str | None:
        """Take the candidate in; what is wrong with it or with asking leaves the champion alone."""
        if not self._with_candidate:
            return None
        try:
            candidate = self._reader.candidate()
        except HeadUnavailable as error:
            return str(error)
        served = self.served
        if candidate is None or (served and candidate.digest == served.release.digest):
            self._shadow.clear()
            return None
        return self._shadow.take(candidate, forced)

    def _answer_from_cache(self, alert: str) -> str:
        """Where nothing answers yet, let the release answer that was served last."""
        if self.served is None and self._latest is not None and self._cache_fault is None:
            from_cache = Slot(lambda release: self._cache.load(release, None))
            self._cache_fault = from_cache.take(self._latest)
            self._champion.served = from_cache.served
        if self.served is None and self._cache_fault is not None:
            return f"{alert} {self._cache_fault}"
        return alert

    def _note(self) -> None:
        """Say and remember what answers now."""
        used = {served.release.digest for served in (self.served, self.candidate) if served}
        if self.served is None:
            return
        release = self.served.release
        logger.info(
            "Serving %s version %s (%s), epoch %d",
            *(release.model, release.version, release.digest[:12], release.epoch),
        )
        try:
            self._cache.remember(release, used)
        except OSError as error:  # it answers all the same, only a restart would not find it
            logger.warning("What is served cannot be noted in the cache: %s", error)

    def _stand(self, standing: Standing) -> None:
        before, self._standing = self._standing, standing
        still_away = before.alert is not None and not (before.reachable or standing.reachable)
        if standing.alert and standing.alert != before.alert and not still_away:
            logger.warning("%s", standing.alert)
        elif before.alert and not standing.alert:
            logger.info("What is served is the ledger's head again")

    def _remembered(self) -> tuple[Release | None, str | None]:
        try:
            return self._cache.last(), None
        except BadRelease as error:
            return None, str(error)
