"""Shadow traffic as evidence: bound to bytes, judged only where the policy asks, else invisible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logged import Log, answered
from pydantic import ValidationError
from ready_evidence import CANDIDATE, CHAMPION, POLICY, evidence, judged
from scipy.stats import binomtest

from nli_lifecycle.datasets.inference_log import InferenceLogDataset
from nli_lifecycle.datasets.inference_table import InferenceTableDataset
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.shadow import ShadowEvidence, design_effect, exact
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.metrics import proportions
from nli_lifecycle.pipelines.evaluation.listing import list_metrics
from nli_lifecycle.pipelines.evaluation.traffic import ShadowLogError, recall_shadow
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.reading import LogReader

RULES = {"requests": 500, "agreement": 0.9, "latency_ratio": 1.5}
ASKED = Policy.model_validate({**POLICY.model_dump(), "shadow": RULES})
TRAFFIC = ShadowEvidence(
    candidate_digest=CANDIDATE.digest,
    champion_digest=CHAMPION.digest,
    requests=1_000,
    pairs=1_000,
    agreeing=950,
    candidate_p99_ms=12,
    champion_p99_ms=10,
)


def seen(policy: Policy = ASKED, **changes: Any) -> Evidence:
    shadow = TRAFFIC.model_copy(update=changes)
    measured = evidence(policy=policy).model_dump()
    return Evidence.model_validate({**measured, "shadow": shadow.model_dump()})


def said(measured: Evidence, policy: Policy = ASKED) -> dict[str, tuple[str, str]]:
    rules = judged(policy, measured).rules
    return {rule.rule: (rule.outcome, rule.sentence) for rule in rules if "shadow" in rule.rule}


# ---- the rule ------------------------------------------------------------------------------------


def test_traffic_that_shows_what_is_asked_promotes() -> None:
    assert judged(ASKED, seen()).outcome == "promote"
    assert said(seen()) == {
        "shadow requests": ("PASS", "1,000 shadow requests: at least the 500 needed."),
        "shadow agreement": (
            "PASS",
            "In shadow the candidate agrees with the champion on at least 90.0% of pairs: 95.00% "
            "of 1,000 different pairs, between 93.71% and 96.08% (each bound at 95% confidence).",
        ),
        "shadow latency": (
            "PASS",
            "In shadow the candidate's p99 is 12 ms, 1.2 times the champion's 10 ms from arrival "
            "to answer; allowed at most 1.5.",
        ),
    }


def test_no_traffic_holds_and_says_what_is_missing() -> None:
    silent = evidence(policy=ASKED)
    assert judged(ASKED, silent).outcome == "hold"
    assert said(silent) == {
        "shadow requests": (
            "INCONCLUSIVE",
            "The policy asks for 500 shadow requests, and the inference log has none that this "
            "candidate and this champion both answered. Give shadow.share in serving.yml, let the "
            "service run, then run evaluation again.",
        )
    }


def test_too_few_requests_hold_and_nothing_else_is_judged() -> None:
    few = seen(requests=499, agreeing=0, candidate_p99_ms=1_000)
    assert judged(ASKED, few).outcome == "hold"
    assert (
        set(said(few)) == {"shadow requests"} and "has 499 that" in said(few)["shadow requests"][1]
    )


@pytest.mark.parametrize(
    "changes, rule, outcome, decision",
    [
        ({"agreeing": 915}, "shadow agreement", "INCONCLUSIVE", "hold"),
        ({"agreeing": 850}, "shadow agreement", "FAIL", "reject"),
        ({"agreeing": 950, "design_effect": 40.0}, "shadow agreement", "INCONCLUSIVE", "hold"),
        ({"pairs": 3, "agreeing": 3}, "shadow agreement", "INCONCLUSIVE", "hold"),
        ({"candidate_p99_ms": 15.1}, "shadow latency", "FAIL", "reject"),
        ({"candidate_p99_ms": 15}, "shadow latency", "PASS", "promote"),
    ],
)
def test_each_bound(changes, rule, outcome, decision) -> None:
    assert said(seen(**changes))[rule][0] == outcome
    assert judged(ASKED, seen(**changes)).outcome == decision


def test_what_is_not_asked_is_not_judged() -> None:
    requests = Policy.model_validate({**POLICY.model_dump(), "shadow": {"requests": 500}})
    assert set(said(seen(requests, agreeing=0), requests)) == {"shadow requests"}
    assert said(evidence(), POLICY) == {}


def test_the_first_champion_has_nobody_to_shadow() -> None:
    alone = evidence(champion=None, policy=ASKED)
    assert said(alone) == {} and judged(ASKED, alone).outcome == "promote"


@pytest.mark.parametrize("name", ["candidate_digest", "champion_digest"])
def test_traffic_of_other_bytes_is_no_evidence(name: str) -> None:
    with pytest.raises(ValidationError, match="of other versions than the candidate"):
        seen(**{name: "c" * 64})


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValidationError, match="impossible counts"):
        seen(agreeing=1_001)


# ---- nothing changes where it is not asked for ---------------------------------------------------


def test_policy_and_evidence_without_it_hash_as_before_there_was_any() -> None:
    assert "shadow" not in POLICY.model_dump() and "shadow" not in evidence().model_dump()
    assert POLICY.content_hash()[:12] == "145c31605c55"
    assert evidence().content_hash()[:12] == "ace8a2d1b458"
    off = Policy.model_validate({**POLICY.model_dump(), "shadow": None})
    assert off.content_hash() == POLICY.content_hash()


def test_with_it_they_hash_anew_and_read_back() -> None:
    assert ASKED.content_hash() != POLICY.content_hash()
    hashes = {one.content_hash() for one in (evidence(policy=ASKED), seen(), seen(pairs=999))}
    assert len(hashes) == 3
    assert Evidence.model_validate_json(seen().model_dump_json()) == seen()
    metrics = list_metrics(seen())
    assert metrics["shadow_agreement"] == {"value": 0.95, "step": 0}
    assert "shadow_requests" not in list_metrics(evidence())


# ---- figures -------------------------------------------------------------------------------------


@given(st.integers(1, 300), st.data(), st.floats(0.6, 0.99))
def test_the_interval_is_clopper_and_pearson_s(total: int, data: st.DataObject, level: float):
    count = data.draw(st.integers(0, total))
    known = binomtest(count, total).proportion_ci(2 * level - 1, method="exact")
    found = exact(count, total, level)
    assert (found.lower, found.upper) == pytest.approx((known.low, known.high), abs=1e-9)


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=2, max_size=30))
def test_the_design_effect_is_that_of_the_rows(clusters: list[tuple[int, float]]) -> None:
    counts = [(size, round(share * size)) for size, share in clusters]
    values = np.concatenate([[1.0] * yes + [0.0] * (size - yes) for size, yes in counts])
    sizes, agreeing = np.array(counts).T
    found = design_effect(
        *(int(sizes.sum()), int(agreeing.sum()), len(counts)),
        *(int((sizes**2).sum()), int((agreeing**2).sum()), int((sizes * agreeing).sum())),
    )
    if 0 < agreeing.sum() < sizes.sum():
        rows = np.repeat(np.arange(len(counts)), sizes)
        assert found == pytest.approx(proportions.design_effect(values, rows))
    else:
        assert found == pytest.approx((sizes**2).sum() / sizes.sum())


# ---- from the log --------------------------------------------------------------------------------


def recalled(log: LogReader, policy: Policy = ASKED, champion: ModelRef | None = CHAMPION):
    return recall_shadow(CANDIDATE, Incumbent(champion), log, policy)


def fill(url: str, candidate: str = CANDIDATE.digest) -> None:
    log = Log(url)
    for number in range(20):
        pair = {"premise": f"text {number}", "request_id": f"r{number}"}
        ours = Release("m", "2", candidate, 1)
        theirs = Release("m", "1", CHAMPION.digest, 1)
        log.add(
            answered(**pair, release=theirs, latency_ms=10),
            answered(**pair, release=ours, latency_ms=4 + number, role="shadow"),
        )
    log.close()


def test_a_log_in_a_table_holds_no_shadow_traffic_and_is_refused(tmp_path: Path) -> None:
    table = InferenceTableDataset(shape="payload", filepath=str(tmp_path)).load()
    with pytest.raises(ShadowLogError, match="Take `shadow` out of the policy"):
        recalled(table)
    assert recalled(table, champion=None) == {}


def test_the_log_s_traffic_becomes_evidence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    fill(url)
    found = recalled(InferenceLogDataset(url=url).load())["shadow"]
    assert (found.requests, found.pairs, found.agreeing, found.design_effect) == (20, 20, 20, 1)
    assert (found.candidate_p99_ms, found.champion_p99_ms) == (23, 10)
    assert (found.candidate_digest, found.champion_digest) == (CANDIDATE.digest, CHAMPION.digest)


def test_traffic_of_another_candidate_is_none(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    fill(url, candidate="c" * 64)
    assert recalled(LogReader(url)) == {}


def test_the_log_is_not_touched_unless_the_policy_asks(tmp_path: Path) -> None:
    log = LogReader(f"sqlite:///{tmp_path}")  # a folder: reading it would fail
    assert recalled(log, POLICY) == {} and recalled(log, champion=None) == {}


def test_no_log_is_no_evidence_and_is_not_made(tmp_path: Path) -> None:
    assert recalled(LogReader(f"sqlite:///{tmp_path}/log.db")) == {}
    assert not list(tmp_path.iterdir())


def test_a_log_that_cannot_be_read_is_said_to_be() -> None:
    away = LogReader("postgresql+psycopg2://nobody:hidden@127.0.0.1:9/nowhere")
    with pytest.raises(ShadowLogError, match="NLI_LOG_URL") as error:
        recalled(away)
    assert "hidden" not in str(error.value)


def test_the_catalog_entry_only_loads_and_hides_its_address() -> None:
    entry = InferenceLogDataset(url="postgresql://me:hidden@host/db")
    assert "hidden" not in repr(entry)
    with pytest.raises(Exception, match="load-only"):
        entry.save(LogReader("sqlite://"))
