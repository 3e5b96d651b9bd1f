"""Followers of a registry in memory that look only when told to, on one cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from released_bundles import MemoryHead, make_bundle
from tiny_bundle import make_tiny_payload

from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.serving.following import Following
from nli_lifecycle.serving.settings import FollowSettings


@pytest.fixture(scope="session")
def tiny_payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_payload(tmp_path_factory.mktemp("payload") / "payload")


@pytest.fixture(scope="session")
def bundles(tiny_payload: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """Six that answer differently."""
    folder = tmp_path_factory.mktemp("bundles")
    return [make_bundle(tiny_payload, folder / str(i), 1 + i / 2) for i in range(6)]


@pytest.fixture
def wrong(tiny_payload: Path, tmp_path: Path) -> Bundle:
    """One that answers otherwise than its golden probes say."""
    return make_bundle(tiny_payload, tmp_path / "wrong", 1.1, wrong=True)


@pytest.fixture
def head() -> MemoryHead:
    return MemoryHead()


@pytest.fixture
def follow(head: MemoryHead, tmp_path: Path) -> Iterator[Callable[..., Following]]:
    made: list[Following] = []

    def make(reader: MemoryHead = head, with_candidate: bool = False, **changed) -> Following:
        values = {"cache": str(tmp_path / "cache"), "keep": 3, "poll_s": 60, **changed}
        made.append(Following(reader, FollowSettings(**values), with_candidate=with_candidate))
        return made[-1]

    yield make
    for following in made:
        following.close()


@pytest.fixture
def cached(tmp_path: Path) -> Callable[[], set[str]]:
    """Digests in the cache."""
    folder = tmp_path / "cache"
    return lambda: {path.name for path in folder.iterdir() if len(path.name) == 64}
