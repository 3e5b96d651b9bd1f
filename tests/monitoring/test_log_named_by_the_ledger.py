"""Rows that know a version only get digest and epoch of the entry that put it in force."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from nli_lifecycle.monitoring.naming import NamedLog
from nli_lifecycle.monitoring.report import ReleaseMark

BEGIN = datetime(2026, 3, 1, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def mark(epoch: int, version: str | None, hour: int, kind: str = "promote") -> ReleaseMark:
    digest = version and version * 64
    time = BEGIN + hour * HOUR
    return ReleaseMark(epoch=epoch, kind=kind, version=version, digest=digest, time=time, by="me")


LEDGER = (
    mark(0, None, 0, "bootstrap"),
    mark(1, "1", 1),
    mark(2, "1", 2, "freeze"),
    mark(3, "2", 3),
    mark(4, "1", 4, "rollback"),
)


class Rows:
    """A log of one batch."""

    def __init__(self, *rows: tuple[str | None, str | None, float]) -> None:
        self.batch: dict[str, Any] = {
            "arrival": list(range(len(rows))),
            "version": [row[0] for row in rows],
            "digest": [row[1] for row in rows],
            "time": [BEGIN + row[2] * HOUR for row in rows],
        }

    def rows(self, *_: Any, **__: Any) -> Any:
        yield self.batch


def named(*rows: tuple[str | None, str | None, float]) -> list[tuple[Any, Any]]:
    (batch,) = NamedLog(Rows(*rows), lambda: LEDGER).rows()  # type: ignore[arg-type]
    return list(zip(batch["digest"], batch["epoch"]))


def test_the_entry_in_force_names_a_row_and_a_freeze_is_none() -> None:
    rows = [("1", None, 0.5), ("1", None, 2.5), ("2", None, 3.5), ("1", None, 4.0), ("1", None, 9)]
    assert [epoch for _, epoch in named(*rows)] == [1, 1, 3, 4, 4]
    assert named(*rows)[2] == ("2" * 64, 3)


def test_an_endpoint_that_follows_late_still_answers_as_its_own_version() -> None:
    assert named(("1", None, 3.2), ("2", None, 5)) == [("1" * 64, 1), ("2" * 64, 3)]


def test_a_version_that_was_never_released_stays_unknown() -> None:
    assert named(("9", None, 5), (None, None, 5)) == [(None, None), (None, None)]


def test_rows_that_say_who_answered_ask_no_ledger() -> None:
    log = Rows(("1", "d", 1))
    (batch,) = NamedLog(log, lambda: 1 / 0).rows()  # type: ignore[arg-type, return-value]
    assert batch is log.batch
