"""The log on a real PostgreSQL server that goes away and comes back."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from logged import answered, log_settings, opened, rows_at, said, until_empty
from servers import _programs, postgresql_server  # noqa: F401
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.slow


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """The server at this address is down meanwhile."""
    engine = create_engine(url)
    with engine.connect() as connection:
        data = Path(connection.execute(text("SHOW data_directory")).scalar_one())
    engine.dispose()
    _, *options = shlex.split((data / "postmaster.opts").read_text())
    kept = shlex.join(option for option in options if option not in ("-D", str(data)))
    control = [str(Path(_programs() or "", "pg_ctl")), "-D", str(data), "-w"]
    owner = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    quiet = {"check": True, "cwd": data.parent, "stdout": subprocess.DEVNULL, **owner}
    subprocess.run([*control, "-m", "immediate", "stop"], **quiet)
    try:
        yield
    finally:
        subprocess.run([*control, "-o", kept, "-l", str(data.parent / "log"), "start"], **quiet)


def test_a_server_that_is_away_for_a_while_loses_nothing(
    postgresql_server, tmp_path: Path  # noqa: F811
) -> None:
    url = postgresql_server("log_away").replace("+psycopg2", "")
    settings = log_settings(tmp_path, url=url, text="plain")

    async def live() -> None:
        log = opened(settings)
        for number in range(20):
            await log.record([answered(f"before-{number}", premise="nul \0, half \ud800, 👍")])
        assert await log.feedback(said("neutral"))
        await until_empty(log)
        with stopped(settings.url.replace("postgresql:", "postgresql+psycopg2:")):
            for number in range(20):
                await log.record([answered(f"while-{number}")])
            while log.statistics().reachable:
                await asyncio.sleep(0.1)
            assert await log.feedback(said("entailment", after=1))
            assert log.statistics().waiting == 21
            assert "hypothesis" not in (log.statistics().last_error or "")
        await until_empty(log, 30)
        assert log.statistics().reachable and not log.statistics().dropped
        assert not await log.feedback(said("entailment", after=2))
        await log.close()

    asyncio.run(live())
    found = rows_at(url)
    assert len(found) == 40 and len({row["request_id"] for row in found}) == 40
    assert found[0]["premise"] == "nul \ufffd, half ?, 👍"
    assert found[0]["time"].utcoffset().total_seconds() == 0


def test_a_row_that_the_server_refuses_does_not_hold_up_the_others(
    postgresql_server, tmp_path: Path  # noqa: F811
) -> None:
    settings = log_settings(tmp_path, url=postgresql_server("log_refused"))

    async def live() -> None:
        log = opened(settings)
        await log.record([answered("r1"), answered("r2", 2**40), answered("r3")])
        await until_empty(log)
        assert log.statistics().dropped == {"refused": 1}
        await log.close()

    asyncio.run(live())
    assert [row["request_id"] for row in rows_at(settings.url)] == ["r1", "r3"]
