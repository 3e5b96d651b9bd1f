"""Where Spark is looked for, and what is said, in seconds, where nobody answers."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from servers import free_port
from spark_servers import spark_home

from nli_lifecycle.engines import session
from nli_lifecycle.engines.table import EngineError

pytestmark = pytest.mark.slow

#: Seconds until an address is given up, here.
PATIENCE = 1


@pytest.fixture
def closed() -> int:
    spark_home()
    return free_port()


@pytest.fixture
def deaf() -> Iterator[int]:
    """Port of a host that lets nobody in: its queue is full, and further knocks are dropped."""
    spark_home()
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = int(server.getsockname()[1])
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


def _refused(monkeypatch: pytest.MonkeyPatch, address: str) -> str:
    """What is said of an address: within seconds, and with the address in it."""
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    if address.startswith("sc://"):
        monkeypatch.setenv("SPARK_REMOTE", address)
    monkeypatch.setattr(session, "KNOCK_SECONDS", PATIENCE)
    begin = time.monotonic()
    with pytest.raises(EngineError, match="cannot be opened.*SPARK_REMOTE.*engine: pandas") as said:
        session.open_session(address, {})
    assert time.monotonic() - begin < PATIENCE + 5
    assert address in str(said.value)
    return str(said.value)


@pytest.mark.parametrize(
    "address",
    [
        "sc://127.0.0.1:{}",
        "sc://127.0.0.1:{}/;token=x;use_ssl=true",
        "sc://[::1]:{}",
        "spark://127.0.0.1:{}",
        "spark://127.0.0.1:{0},localhost:{0}",
    ],
)
def test_nobody_there(monkeypatch: pytest.MonkeyPatch, closed: int, address: str) -> None:
    assert "refused" in _refused(monkeypatch, address.format(closed))


@pytest.mark.parametrize("address", ["sc://127.0.0.1:{}", "spark://127.0.0.1:{}"])
def test_packets_that_get_lost(monkeypatch: pytest.MonkeyPatch, deaf: int, address: str) -> None:
    assert "timed out" in _refused(monkeypatch, address.format(deaf))


@pytest.mark.parametrize("address", ["sc://127.0.0.1:l5002", "spark://127.0.0.1:70770"])
def test_no_port(monkeypatch: pytest.MonkeyPatch, closed: int, address: str) -> None:
    assert "ort" in _refused(monkeypatch, address)


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    _refused(monkeypatch, f"spark://nowhere.invalid:{closed}")
