"""A tiny classifier, loaded once, and a service around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gated import Gated
from running_service import Client, FixedSource, ListLog, make_settings, running, serve
from tiny_bundle import make_tiny_payload

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.model import Served


@pytest.fixture(scope="session")
def tiny_payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny int8 payload."""
    return make_tiny_payload(tmp_path_factory.mktemp("tiny") / "payload")


@pytest.fixture(scope="session")
def served(tiny_payload: Path) -> Served:
    """The tiny classifier as version 3 of epoch 7."""
    return serve(tiny_payload)


@pytest.fixture
def source(served: Served) -> FixedSource:
    """A source that serves the tiny classifier."""
    return FixedSource(served)


@pytest.fixture
def log() -> ListLog:
    """A log in memory."""
    return ListLog()


@pytest.fixture
def client(source: FixedSource, log: ListLog) -> Iterator[Client]:
    """A client of a running, open service."""
    settings = make_settings()
    with running(create_app(settings, source, log, environment={}), settings) as found:
        yield found


@pytest.fixture
def gated(served: Served) -> Gated:
    """The tiny classifier behind a gate."""
    return Gated(served.classifier)
