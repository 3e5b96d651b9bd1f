"""A service that is killed while it logs: what was acknowledged is in the database afterwards."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from logged import log_settings, opened, rows_at, until_empty

#: Logs as fast as it can, 16 requests at a time, and prints each that was acknowledged.
SERVICE = """
import asyncio, os, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from logged import answered, log_settings, opened

async def caller(log, number):
    while True:
        name = f"{os.getpid()}-{number}"
        await log.record([answered(name, position) for position in range(2)])
        os.write(1, f"{name}\\n".encode())
        number += 16

async def live():
    log = opened(log_settings(Path(sys.argv[1]), durability=sys.argv[2]))
    await asyncio.gather(*(caller(log, number) for number in range(16)))

asyncio.run(live())
"""


def killed(folder: Path, durability: str, seconds: float) -> set[str]:
    """Names of the requests that a service acknowledged before it was killed."""
    tests = str(Path(__file__).parents[2])
    acknowledged = folder / "acknowledged"
    with acknowledged.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVICE, str(folder), durability, tests], stdout=output
        )
        try:
            while not acknowledged.stat().st_size and process.poll() is None:
                time.sleep(0.01)
            time.sleep(seconds)
        finally:
            process.kill()
        assert process.wait() == -signal.SIGKILL
    return set(acknowledged.read_text().split("\n")[:-1])


def restart(folder: Path) -> None:
    async def live() -> None:
        log = opened(log_settings(folder))
        while log.statistics().journal_bytes:
            await asyncio.sleep(0.02)
        await until_empty(log)
        assert not log.statistics().dropped
        await log.close()

    asyncio.run(live())


def check(folder: Path, acknowledged: set[str]) -> None:
    found = [(row["request_id"], row["position"]) for row in rows_at(log_settings(folder).url)]
    assert len(found) == len(set(found))
    assert {(name, place) for name in acknowledged for place in range(2)} <= set(found)


@pytest.mark.parametrize("durability", ["process", "machine"])
def test_every_acknowledged_row_is_in_the_database(tmp_path: Path, durability: str) -> None:
    acknowledged = killed(tmp_path, durability, 0.3)
    assert len(acknowledged) > 10
    restart(tmp_path)
    check(tmp_path, acknowledged)
    assert [file.name for file in (tmp_path / "journal").iterdir()] == ["key"]


@pytest.mark.slow
def test_killed_again_and_again(tmp_path: Path) -> None:
    acknowledged: set[str] = set()
    for life in range(10):
        acknowledged |= killed(tmp_path, "process", 0.05 * life)
    restart(tmp_path)
    check(tmp_path, acknowledged)
