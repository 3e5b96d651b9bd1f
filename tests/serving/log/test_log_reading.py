"""Reading the log: by arrival, in batches; a late row is never missed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from logged import NOW, Log, answered, by_row, said
from servers import postgresql_server  # noqa: F401


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


def names(batches) -> list[str]:
    return [row["request_id"] for batch in batches for row in by_row(batch)]


def test_reading_goes_on_where_it_stopped_whatever_time_rows_say(log: Log) -> None:
    log.add(answered("a"), answered("b"))
    mark = log.reader.watermark()
    log.add(answered("late", time=NOW - timedelta(days=1)))
    assert names(log.reader.rows(0, mark)) == ["a", "b"]
    assert names(log.reader.rows(mark)) == ["late"]
    assert names(log.reader.rows(log.reader.watermark())) == []


def test_batches_are_columns_of_at_most_so_many_rows(log: Log) -> None:
    log.add(*(answered(f"r{number}") for number in range(25)))
    batches = list(log.reader.rows(columns=["request_id", "p_neutral"], batch_rows=10))
    assert [len(batch["arrival"]) for batch in batches] == [10, 10, 5]
    assert list(batches[0]) == ["request_id", "p_neutral", "arrival"]
    assert names(batches) == [f"r{number}" for number in range(25)]


def test_a_window_of_time_holds_its_beginning_and_not_its_end(log: Log) -> None:
    moments = [NOW + timedelta(hours=hour) for hour in range(4)]
    log.add(*(answered(f"r{hour}", time=moment) for hour, moment in enumerate(moments)))
    assert names(log.reader.rows(since=moments[1], before=moments[3])) == ["r1", "r2"]


def test_a_column_that_is_not_there_is_an_error(log: Log) -> None:
    with pytest.raises(KeyError, match="nosuch"):
        log.reader.rows(columns=["nosuch"])


def test_the_last_word_is_the_latest_by_its_time_then_by_its_arrival(log: Log) -> None:
    log.say(said("neutral", after=5), said("entailment", after=1))  # the second came late
    log.say(said("neutral", "bob"), said("contradiction", "bob"))
    log.say(said("entailment", request_id="r2"))
    found = [row for batch in log.reader.last_words(batch_rows=2) for row in by_row(batch)]
    assert {(row["request_id"], row["source"], row["label"]) for row in found} == {
        *(("r1", "ann", "neutral"), ("r1", "bob", "contradiction"), ("r2", "ann", "entailment")),
    }
    assert len(list(log.reader.feedback(batch_rows=2))) == 3


def never_misses(url: str) -> None:
    """Several writers at once, and a reader that keeps only its watermark."""
    Log(url).close()
    done = threading.Event()
    seen: list[str] = []

    def write(writer: int) -> None:
        log = Log(url)
        for number in range(30):
            log.add(*(answered(f"{writer}-{number}", place) for place in range(3)))
        log.close()

    def read() -> None:
        log, after = Log(url), 0
        while True:
            last = done.is_set()
            for batch in log.reader.rows(after):
                seen.extend(row["request_id"] for row in by_row(batch))
                after = batch["arrival"][-1]
            if last:
                break
        log.close()

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert len(seen) == 4 * 30 * 3
    assert len(set(seen)) == 4 * 30


def test_a_reader_by_watermark_misses_nothing_of_several_writers(tmp_path: Path) -> None:
    never_misses(f"sqlite:///{tmp_path}/log.db")


@pytest.mark.slow
def test_nor_on_postgresql(postgresql_server) -> None:  # noqa: F811
    never_misses(postgresql_server("log_reading"))
