"""The inference log as the service uses it: durable, bounded, silent about texts."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from logged import NOW, answered, by_row, log_settings, opened, rows_at, said, until_empty

from sqlalchemy.exc import OperationalError

from nli_lifecycle.serving.log import appending, journal, moving
from nli_lifecycle.serving.log.journal import Journal
from nli_lifecycle.serving.log.journaled import open_log
from nli_lifecycle.serving.log.reading import LogReader
from nli_lifecycle.serving.log.record import LogUnavailable
from nli_lifecycle.serving.log.store import Store

SECRET = "Zanzibar’s confidential ledger"


def last_words(url: str) -> list[tuple[str, str]]:
    reader = LogReader(url)
    found = [row for batch in reader.last_words() for row in by_row(batch)]
    reader.close()
    return [(row["source"], row["label"]) for row in found]


def words(url: str) -> list[str]:
    reader = LogReader(url)
    found = [row["label"] for batch in reader.feedback() for row in by_row(batch)]
    reader.close()
    return found


# ---- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("durability", ["memory", "process", "machine"])
def test_what_is_recorded_is_in_the_database_after_closing(tmp_path: Path, durability: str) -> None:
    settings = log_settings(tmp_path, durability=durability)

    async def live() -> None:
        log = opened(settings)
        await asyncio.gather(
            *(log.record([answered(f"r{n}", p) for p in range(3)]) for n in range(50))
        )
        await log.close()
        assert (log.statistics().written, log.statistics().waiting) == (150, 0)

    asyncio.run(live())
    found = rows_at(settings.url)
    assert {(row["request_id"], row["position"]) for row in found} == {
        (f"r{n}", p) for n in range(50) for p in range(3)
    }
    assert found[0]["time"] == NOW and found[0]["label"] == "entailment"
    assert [row["arrival"] for row in found] == sorted({row["arrival"] for row in found})
    assert [file.name for file in (tmp_path / "journal").iterdir()] == ["key"]


@pytest.mark.parametrize("durability, least, most", [("process", 0, 0), ("machine", 1, 20)])
def test_requests_that_wait_together_share_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durability: str, least: int, most: int
) -> None:
    synced: list[int] = []

    def slow_sync(file: int) -> None:
        time.sleep(0.02)
        synced.append(file)

    monkeypatch.setattr(os, "fdatasync", slow_sync)

    async def live() -> None:
        log = opened(log_settings(tmp_path, durability=durability))
        await asyncio.gather(*(log.record([answered(f"r{number}")]) for number in range(200)))
        assert least <= len(synced) <= most
        await log.close()

    asyncio.run(live())


def test_a_slow_disk_holds_up_its_requests_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append

    def slowly(kept: Journal, records) -> None:
        time.sleep(0.4)
        append(kept, records)

    monkeypatch.setattr(Journal, "append", slowly)

    async def live() -> None:
        log = opened(log_settings(tmp_path))
        recording = asyncio.create_task(log.record([answered()]))
        turns = 0
        while not recording.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert turns > 20
        await log.close()

    asyncio.run(live())


def test_an_acknowledged_row_is_on_disk_while_the_database_is_away(tmp_path: Path) -> None:
    settings = log_settings(tmp_path, url=f"sqlite:///{tmp_path}/nowhere/log.db")

    async def live() -> None:
        log = opened(settings)
        await log.record([answered("r1")])
        assert log.statistics().reachable is False and log.statistics().waiting == 1
        (segment,) = tmp_path.glob("journal/*/*.segment")
        assert b"r1" in segment.read_bytes()
        (tmp_path / "nowhere").mkdir()
        await until_empty(log)
        assert log.statistics().reachable
        await log.close()

    asyncio.run(live())
    assert [row["request_id"] for row in rows_at(settings.url)] == ["r1"]


def test_what_closing_could_not_write_is_replayed_by_the_next_start(tmp_path: Path) -> None:
    settings = log_settings(tmp_path, url=f"sqlite:///{tmp_path}/nowhere/log.db")

    async def live(name: str) -> None:
        log = opened(settings)
        await log.record([answered(name)])
        await log.close()

    asyncio.run(live("first"))
    (tmp_path / "nowhere").mkdir()
    asyncio.run(live("second"))
    assert {row["request_id"] for row in rows_at(settings.url)} == {"first", "second"}


def test_a_locked_database_holds_nobody_up(tmp_path: Path) -> None:
    settings = log_settings(tmp_path)

    async def live() -> None:
        log = opened(settings)
        other = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        began = asyncio.get_running_loop().time()
        for number in range(20):
            await log.record([answered(f"r{number}")])
        assert asyncio.get_running_loop().time() - began < 1
        while log.statistics().reachable:
            await asyncio.sleep(0.05)
        assert log.statistics().last_error == "OperationalError: database is locked"
        other.execute("COMMIT")
        await until_empty(log)
        await log.close()

    asyncio.run(live())
    assert len(rows_at(settings.url)) == 20


def test_required_rows_that_do_not_fit_refuse_the_answer(tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path}/nowhere/log.db"

    async def live(required: bool) -> int:
        folder = tmp_path / f"required-{required}"
        log = opened(log_settings(folder, url=away, max_journal_mb=0.001, required=required))
        refused = 0
        for number in range(10):
            try:
                await log.record([answered(f"r{number}")])
            except LogUnavailable as error:
                assert str(error) == "The inference log cannot keep an answer: journal full."
                refused += 1
        dropped = log.statistics().dropped["journal full"]
        assert 0 < dropped < 10
        await log.close()
        return refused - dropped if required else refused

    assert asyncio.run(live(True)) == 0
    assert asyncio.run(live(False)) == 0


def test_a_disk_that_does_not_answer_bounds_what_waits_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "MOST_QUEUED", 5)

    async def live() -> None:
        log = opened(log_settings(tmp_path, durability="memory", required=True))
        with pytest.raises(LogUnavailable, match="queue full"):
            await log.record([answered("r1", position) for position in range(6)])
        await log.record([answered("r2")])
        assert log.statistics().dropped == {"queue full": 6}
        await log.close()

    asyncio.run(live())


def test_a_request_that_is_cancelled_is_logged_all_the_same(tmp_path: Path) -> None:
    settings = log_settings(tmp_path)

    async def live() -> None:
        log = opened(settings)
        task = asyncio.create_task(log.record([answered("r1")]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await log.record([answered("r2")])
        await log.close()

    asyncio.run(live())
    assert {row["request_id"] for row in rows_at(settings.url)} == {"r1", "r2"}


def test_after_closing_nothing_is_kept_and_nobody_waits_for_ever(tmp_path: Path) -> None:
    async def live() -> None:
        log = opened(log_settings(tmp_path, required=True))
        await log.close()
        await log.close()
        with pytest.raises(LogUnavailable, match="closed"):
            await asyncio.wait_for(log.record([answered("r1")]), 5)
        assert log.statistics().dropped == {"closed": 1}

    asyncio.run(live())


def test_threads_and_failures_at_once_lose_no_row_uncounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = log_settings(tmp_path, required=True, flush_ms=1)
    add, append = Store.add, Journal.append
    moves, writes = cycle(["before", "after", None]), cycle([True, False, False])
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 5_000)
    monkeypatch.setattr(moving, "LONGEST_PAUSE", 0.01)

    def added(store: Store, *rows) -> int:
        failing = next(moves)
        if failing == "before":
            raise OperationalError("insert", {}, Exception("away"))
        refused = add(store, *rows)
        if failing == "after":  # the commit's answer is lost
            raise OperationalError("commit", {}, Exception("away"))
        return refused

    def appended(kept: Journal, records) -> None:
        if next(writes):
            raise OSError(errno.ENOSPC, "full")
        append(kept, records)

    async def live() -> int:
        log = opened(settings)

        async def ask(number: int) -> int:
            await asyncio.sleep(0.001 * (number % 200))
            try:
                await log.record([answered(f"r{number}", place) for place in range(2)])
            except LogUnavailable:
                return 2
            return 0

        with monkeypatch.context() as failing:
            failing.setattr(Store, "add", added)
            failing.setattr(Journal, "append", appended)
            refused = sum(await asyncio.gather(*map(ask, range(1_000))))
        await until_empty(log)
        assert log.statistics().dropped.get("disk", 0) == refused
        await log.close()
        return refused

    refused = asyncio.run(live())
    assert 0 < refused < 2_000
    assert len(rows_at(settings.url)) + refused == 2_000


FULL = """
import asyncio, resource, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from logged import answered, log_settings, opened
from nli_lifecycle.serving.log.record import LogUnavailable
from nli_lifecycle.serving.log.store import Store

async def live():
    folder = Path(sys.argv[1])
    log = opened(log_settings(folder, required=True, flush_ms=60_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, resource.RLIM_INFINITY))
    refused = 0
    for number in range(20):
        try:
            await log.record([answered(f"r{number}")])
        except LogUnavailable:
            refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert log.statistics().dropped == {"disk": refused}, log.statistics()
    assert log.statistics().last_error == "OSError: File too large", log.statistics()
    await log.close()
    print(refused, log.statistics().written)

asyncio.run(live())
"""


def test_a_file_that_may_not_grow_refuses_what_does_not_fit(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), tests], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    refused, written = map(int, done.stdout.split())
    assert refused > 0 and written > 0 and refused + written == 20
    assert len(rows_at(f"sqlite:///{tmp_path}/log.db")) == written


# ---- texts ---------------------------------------------------------------------------------------


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_texts_are_never_on_disk_unless_asked_for(tmp_path: Path) -> None:
    async def live(text: str) -> bytes:
        folder = tmp_path / text
        folder.mkdir()
        settings = log_settings(folder, text=text, durability="machine", flush_ms=60_000)
        log = opened(settings)
        await log.record([answered("r1", premise=SECRET, hypothesis=SECRET * 2)])
        waiting = everything_in(folder)
        await log.close()
        return waiting + everything_in(folder)

    hashed = asyncio.run(live("hash"))
    assert b"r1" in hashed and b"Zanzibar" not in hashed and b"confidential" not in hashed
    assert SECRET.encode() in asyncio.run(live("plain"))
    (row,) = rows_at(f"sqlite:///{tmp_path}/plain/log.db")
    assert (row["premise"], row["hypothesis"]) == (SECRET, SECRET * 2)


def test_texts_are_in_no_message(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def live() -> None:
        log = opened(log_settings(tmp_path, text="plain", required=True))
        with pytest.raises(LogUnavailable) as error:
            await log.record([answered(premise=SECRET, probabilities=(1, 0, object()))])
        assert SECRET not in str(error.value)
        await log.record([answered(premise=SECRET, position=2**63)])  # the database refuses it
        await until_empty(log)
        assert log.statistics().dropped == {"unusable": 1, "refused": 1}
        assert SECRET not in repr(log.statistics())
        await log.close()

    asyncio.run(live())
    assert "lost 1 rows: refused" in caplog.text and "Zanzibar" not in caplog.text


def test_unicode_extremes_arrive(tmp_path: Path) -> None:
    settings = log_settings(tmp_path, text="plain")
    texts = [
        "",
        "\0",
        "\ud800",
        "👩‍👩‍👧",
        "a\u0301" * 500,
        "\u202eabc",
        "x" * 100_000,
        "\ufffe\uffff",
    ]

    async def live() -> None:
        log = opened(settings)
        await log.record([answered("r\0", place, premise=text) for place, text in enumerate(texts)])
        await log.close()

    asyncio.run(live())
    found = rows_at(settings.url)
    assert {row["request_id"] for row in found} == {"r\ufffd"}
    assert [row["premise"] for row in found] == ["", "\ufffd", "?", *texts[3:]]
    assert [row["premise_chars"] for row in found] == list(map(len, texts))


# ---- shares, feedback ----------------------------------------------------------------------------


def test_a_share_is_chosen_by_request_so_that_shadows_match(tmp_path: Path) -> None:
    settings = log_settings(tmp_path, share=0.3)

    async def live() -> None:
        log = opened(settings)
        for number in range(400):
            answer = answered(f"r{number}")
            await log.record([answer, replace(answer, position=1)])
            await log.record([replace(answer, role="shadow")])
        await log.close()

    asyncio.run(live())
    found = rows_at(settings.url)
    requests = {row["request_id"] for row in found}
    assert 70 < len(requests) < 170 and len(found) == 3 * len(requests)


def test_feedback_is_kept_once_and_the_last_word_of_each_source_counts(tmp_path: Path) -> None:
    settings = log_settings(tmp_path)

    async def live() -> None:
        log = opened(settings)
        assert await log.feedback(said("neutral"))
        assert not await log.feedback(said("neutral", after=1))
        assert await log.feedback(said("neutral", source="bob"))
        assert await log.feedback(said("entailment", after=2))
        await until_empty(log)
        assert not await log.feedback(said("entailment", after=3))
        assert await log.feedback(said("neutral", after=4))
        assert await log.feedback(said("neutral", after=5, comment="sure"))
        await log.close()

    asyncio.run(live())
    assert words(settings.url) == ["neutral", "neutral", "entailment", "neutral", "neutral"]
    assert set(last_words(settings.url)) == {("ann", "neutral"), ("bob", "neutral")}


def test_feedback_is_known_to_the_next_process_and_to_others(tmp_path: Path) -> None:
    settings = log_settings(tmp_path)

    async def live() -> None:
        ours, theirs = opened(settings), opened(settings)
        assert await ours.feedback(said("neutral"))
        await until_empty(ours)
        assert not await theirs.feedback(said("neutral", after=1))
        assert await theirs.feedback(said("entailment", after=2))
        await until_empty(theirs)
        assert await ours.feedback(said("neutral", after=3))
        await ours.close()
        await theirs.close()

    asyncio.run(live())
    assert words(settings.url) == ["neutral", "entailment", "neutral"]
    assert last_words(settings.url) == [("ann", "neutral")]


def test_feedback_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    settings = log_settings(tmp_path, url=f"sqlite:///{tmp_path}/nowhere/log.db")

    async def live() -> None:
        log = opened(settings)
        assert await log.feedback(said("neutral"))
        assert not await log.feedback(said("neutral", after=1))
        (tmp_path / "nowhere").mkdir()
        await until_empty(log)
        await log.close()

    asyncio.run(live())
    assert words(settings.url) == ["neutral"]


def test_feedback_that_cannot_be_kept_is_refused_whatever_the_settings_say(tmp_path: Path) -> None:
    async def live() -> None:
        log = opened(log_settings(tmp_path, max_journal_mb=0.0001))
        with pytest.raises(LogUnavailable, match="journal full"):
            await log.feedback(said("neutral", comment="x" * 200))
        assert await log.feedback(said("neutral", request_id="r2", source="a"))
        await log.close()

    asyncio.run(live())


def test_a_log_that_is_switched_off_is_none(tmp_path: Path) -> None:
    assert open_log(log_settings(tmp_path, enabled=False)) is None
    assert not list(tmp_path.iterdir())


def test_figures_have_names_that_never_change(tmp_path: Path) -> None:
    async def live() -> None:
        log = open_log(log_settings(tmp_path, max_journal_mb=0.0001))
        assert log is not None
        before = log.statistics().figures()
        await log.record([answered()])
        after = log.statistics().figures()
        assert before.keys() == after.keys() and len(after) == 13
        assert (before["rows_dropped"], before["database_reachable"]) == (0, True)
        assert after["rows_dropped"] == after["rows_dropped_journal_full"] == 1
        await log.close()

    asyncio.run(live())
