"""A server whose answers get lost, late, doubled or replaced by errors: the same invariants."""

from __future__ import annotations

from pathlib import Path

import pytest
from life import ASKING, judge, kinds, submit
from unreliable import Unreliable

from nli_lifecycle.lifecycle.approval import approve
from nli_lifecycle.lifecycle.audit import verify
from nli_lifecycle.lifecycle.ledger.entry import LedgerError
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.moves import rollback
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.registry import MlflowRegistry, RegistryError
from nli_lifecycle.lifecycle.release import release
from nli_lifecycle.pipelines.intake.nodes import take_in

pytest_plugins = ["servers"]
pytestmark = pytest.mark.slow

ATTEMPTS = 40


def until_done(work):
    """What a person or a scheduler does: run the same command again."""
    for _ in range(ATTEMPTS):
        try:
            return work()
        except (RegistryError, LedgerError, OSError) as error:
            said = error
    raise AssertionError(f"never succeeded: {said}")


@pytest.mark.parametrize("seed", range(3))
def test_the_whole_life_over_an_unreliable_line(
    server: str, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")

    def registry(environment, address, upstream=None):
        return MlflowRegistry(
            f"{environment}{seed}.nli.classifier",
            environment=environment,
            experiment=f"nli-{environment}-{seed}",
            downloads=tmp_path / environment,
            tracking_uri=address,
            upstream=upstream,
        )

    proxy = Unreliable(server, seed)
    try:
        staging = until_done(lambda: registry("staging", proxy.address))
        prod = until_done(lambda: registry("prod", proxy.address, staging))
        for weights in ("one", "two"):
            until_done(lambda: submit(staging, tmp_path / "made", weights))
            until_done(lambda: release(staging, judge(staging), None))
            until_done(lambda: take_in(prod))
            until_done(lambda: release(prod, judge(prod, ASKING), None))
            until_done(lambda: approve(prod, None, "ok"))
            until_done(lambda: release(prod, judge(prod, ASKING), None))

        def back():
            if kinds(prod)[-1] != "rollback":
                rollback(prod, "bad")

        until_done(back)
    finally:
        proxy.close()
    assert sum(proxy.done.values()) >= 20 and proxy.done["lose"] and proxy.done["duplicate"]

    direct = registry("prod", server)
    settle(direct)
    assert kinds(direct) == ["bootstrap", "promote", "promote", "rollback"]
    # A vote has no compare-and-swap on its meaning: said twice by one person, it counts once.
    assert {vote.kind for vote in read(direct.ledger).votes} == {"approve", "void"}
    assert [ref.version for ref in direct.versions()][:1] == [direct.aliases()["champion"]]
    digests = [ref.digest for ref in direct.versions()]
    assert len(digests) == len(set(digests)) == 2
    list(verify(direct))
