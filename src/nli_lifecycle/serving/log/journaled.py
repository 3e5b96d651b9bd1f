"""The inference log: rows to a journal before the answer, from there to the database."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from nli_lifecycle.serving.log.appending import Appender
from nli_lifecycle.serving.log.database import for_writing
from nli_lifecycle.serving.log.features import Deriver, FolderOf, record_of, storable
from nli_lifecycle.serving.log.journal import Journal
from nli_lifecycle.serving.log.key import read_key
from nli_lifecycle.serving.log.moving import Mover
from nli_lifecycle.serving.log.record import Answered, Feedback
from nli_lifecycle.serving.log.schema import LogSchemaError
from nli_lifecycle.serving.log.statistics import Counts, Statistics, describe
from nli_lifecycle.serving.log.store import Store, Word
from nli_lifecycle.serving.settings import LogSettings

logger = logging.getLogger(__name__)

PATIENCE = 10.0  # seconds that closing waits for disk and database, each
REMEMBERED = 10_000  # pairs whose last word is kept in memory until the database surely has it


class JournaledLog:
    """Keeps answers as the settings say. Use it from one event loop."""

    def __init__(
        self, settings: LogSettings, *, environment: str | None, folder_of: FolderOf
    ) -> None:
        """Open the journal, replay what dead processes left, and look at the database.

        A database that is away is no reason not to start: rows wait in the journal.

        Raises:
            LogAddressError: the address names no database that can be used.
            LogSchemaError: the tables are of another version.
            KeyUnusable: the key of the hashes cannot be used.
            OSError: the journal's folder cannot be written.
        """
        fsync = settings.durability == "machine"
        self._settings = settings
        self._counts = Counts()
        self._store = Store(for_writing(settings.url, fsync=fsync))
        self._key = read_key(Path(settings.journal))
        limit = int(settings.max_journal_mb * 1e6)
        self._journal = Journal(Path(settings.journal), limit, fsync=fsync)
        self._look_at_the_database()
        self._deriver = Deriver(self._key, environment, settings.text == "plain", folder_of)
        self._appender = Appender(self._journal, self._counts)
        self._mover = Mover(self._journal, self._store, self._counts, settings.flush_ms / 1_000)
        self._words: dict[tuple[str, int, str], Word] = {}
        self._saying = asyncio.Lock()
        self._closed = False
        self._appender.start()
        self._mover.start()

    async def record(self, answers: Sequence[Answered]) -> None:
        """Take the answers to one request in; return when they are as durable as was asked.

        Raises:
            LogUnavailable: they could not be kept, and the settings say that no answer may be
                given then.
        """
        if not answers or not self._chosen(answers[0].request_id):
            return
        await self._appender.take(
            len(answers),
            lambda: [self._deriver.record(answer) for answer in answers],
            waits=self._settings.durability != "memory",
            required=self._settings.required,
        )

    async def feedback(self, said: Feedback) -> bool:
        """Take feedback in, and return when it is in the journal, whatever the settings say.

        Returns:
            False where this source's last word on the pair is the same, comment included.

        Raises:
            LogUnavailable: it could not be kept.
        """
        said = replace(
            said,
            request_id=storable(said.request_id),
            label=storable(said.label),
            source=storable(said.source),
            comment=storable(said.comment),
        )
        pair = said.request_id, said.position, said.source
        async with self._saying:
            last = await self._last_word(said)
            if last is not None and last[1:] == (said.label, said.comment):
                return False
            word = uuid4().hex
            await self._appender.take(1, lambda: [record_of(said, word)], waits=True, required=True)
            self._words.pop(pair, None)
            self._words[pair] = said.time, said.label, said.comment
            if len(self._words) > REMEMBERED:
                del self._words[next(iter(self._words))]
        return True

    def statistics(self) -> Statistics:
        """What was written, waits and was dropped; whether the database can be reached."""
        return self._counts.now(self._journal.size)

    async def close(self) -> None:
        """Write out whatever is buffered; what the database does not take stays in the journal."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _look_at_the_database(self) -> None:
        try:
            self._store.prepare()
            self._counts.reachable = True
        except SQLAlchemyError as error:
            self._counts.reachable = False
            self._counts.last_error = describe(error)
            logger.error("The inference log waits for its database: %s", describe(error))
        except LogSchemaError:
            self._journal.close()
            raise

    def _close(self) -> None:
        self._appender.stop(PATIENCE)
        self._journal.seal()
        self._mover.stop(PATIENCE)
        self._journal.close()
        self._store.close()

    async def _last_word(self, said: Feedback) -> Word | None:
        """The later of what the database knows and what may not have reached it yet."""
        mine = self._words.get((said.request_id, said.position, said.source))
        theirs = None
        if self._counts.reachable:
            try:
                theirs = await asyncio.to_thread(self._store.last_word, said)
            except SQLAlchemyError:
                pass  # the mover meets the same failure, and says so
        known = [word for word in (theirs, mine) if word is not None]
        return max(known, key=lambda word: word[0], default=None)

    def _chosen(self, request_id: str) -> bool:
        """Whether a request is among the share that is logged; its shadow then is too."""
        share = self._settings.share
        if share >= 1:
            return True
        name = request_id.encode("utf-8", "surrogatepass")
        drawn = hashlib.blake2b(name, key=self._key, digest_size=8).digest()
        return int.from_bytes(drawn, "big") < share * 2**64


def open_log(
    settings: LogSettings,
    *,
    environment: str | None = None,
    folder_of: FolderOf = lambda release: None,
) -> JournaledLog | None:
    """Open the log as the settings say; None where they say that nothing is logged.

    Args:
        settings: the service's.
        environment: whose service this is; a column of each row.
        folder_of: where a release's bundle lies, for its tokenizer's vocabulary; None: not here.

    Raises:
        LogAddressError: the address names no database that can be used.
        LogSchemaError: the tables are of another version.
        KeyUnusable: the key of the hashes cannot be used.
        OSError: the journal's folder cannot be written.
    """
    if not settings.enabled:
        return None
    return JournaledLog(settings, environment=environment, folder_of=folder_of)
