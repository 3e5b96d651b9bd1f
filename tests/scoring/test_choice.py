"""The ledger says who scores; aliases are not asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from life import crown
from ready_registries import MakeRegistry, empty_store, make_registry  # noqa: F401
from ready_registries import memory_registry, mlflow_registry, store  # noqa: F401
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.ledger.entry import LedgerError
from nli_lifecycle.lifecycle.registry import Registry, RegistryError
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.scoring.choice import choose_release
from nli_lifecycle.scoring.parameters import BatchScoringParameters

CHAMPION = BatchScoringParameters()


@pytest.fixture
def registry(make_registry: MakeRegistry, tmp_path: Path) -> Registry:  # noqa: F811
    """Two versions; the first is champion by the ledger, the alias was moved to the second."""
    registry = make_registry("prod")
    first, second = (
        registry.register(sealed_folder(tmp_path / text, text), {}) for text in ("one", "two")
    )
    crown(registry, first)
    registry.point("champion", second)
    return registry


def test_the_champion_is_the_ledgers_and_nothing_is_repaired(registry: Registry) -> None:
    release = choose_release(registry, CHAMPION)
    assert (release.model, release.version, release.epoch) == ("prod.nli.classifier", "1", 1)
    assert registry.aliases()["champion"] == "2"


def test_a_version_or_a_digest_may_be_asked_for(registry: Registry) -> None:
    by_number = choose_release(registry, BatchScoringParameters(version="2"))
    by_digest = choose_release(registry, BatchScoringParameters(digest=by_number.digest[:12]))
    assert by_number == by_digest
    assert (by_number.version, by_number.epoch) == ("2", 1)
    with pytest.raises(RegistryError, match=r"no version like version 7.* 1 \(\w{12}\), 2 \("):
        choose_release(registry, BatchScoringParameters(version="7"))


def test_without_a_release_there_is_no_champion(make_registry: MakeRegistry) -> None:  # noqa: F811
    registry = make_registry("prod")
    with pytest.raises(LedgerError, match="nothing was released"):
        choose_release(registry, CHAMPION)
    settle(registry)
    with pytest.raises(RegistryError, match="has no champion yet.*batch_scoring.version"):
        choose_release(registry, CHAMPION)
