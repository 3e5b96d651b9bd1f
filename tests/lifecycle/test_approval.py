"""Approvals: bound, expiring, one per person, void when superseded; a rejection is final."""

from datetime import UTC, datetime, timedelta

import pytest
from life import ASKING, judge, kinds, promote, submit
from ready_evidence import POLICY, evidence

from nli_lifecycle.lifecycle.approval import approve, reject
from nli_lifecycle.lifecycle.ledger.protocol import cast, read
from nli_lifecycle.lifecycle.moves import MoveError
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.release import ReleaseError, release
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.standing import standing_of

pytest_plugins = ["ready_registries"]


@pytest.fixture
def registry(make_registry, tmp_path):
    """A candidate by Ann that waits for one approval."""
    registry = make_registry("prod")
    submit(registry, tmp_path, "one", author="ann")
    promote(registry, ASKING)
    registry.actor = "bob"
    return registry


def asking(**changes) -> Policy:
    return Policy.model_validate({**POLICY.model_dump(), "approvals": {"needed": 1, **changes}})


def approvers(decision):
    return [approval.actor for approval in decision.standing.approvals]


def test_a_held_candidate_is_released_after_its_approval(registry):
    assert registry.alias("champion") is None
    candidate, vote = approve(registry, "1", "looks good")
    assert (vote.actor, vote.reason, vote.via) == ("bob", "looks good", "command")
    record = promote(registry, ASKING)
    assert record.champion == candidate
    entry = read(registry.ledger).history.head
    assert (entry.kind, entry.reason) == ("promote", "approved by bob")
    assert registry.tags(candidate)["ledger_vote_000000"] == vote.text()


def test_approving_twice_is_approving_once(registry):
    assert approve(registry, "1", "a") == approve(registry, "1", "b")
    assert len(read(registry.ledger).votes) == 1


def test_a_rejection_after_the_judgement_still_stops_the_release(registry):
    approve(registry, "1", "ok")
    decision = judge(registry, ASKING)
    assert decision.outcome == "promote"
    reject(registry, "1", "leaks names")
    with pytest.raises(ReleaseError, match="rejected by bob .*leaks names. That is final"):
        release(registry, decision, None)
    assert kinds(registry) == ["bootstrap"]


def test_an_approval_that_nobody_gave_releases_nothing(registry):
    """A standing that was edited on its way to the decision."""
    approve(registry, "1", "ok")
    decision = judge(registry, ASKING)
    forged = decision.standing.approvals[0].model_copy(update={"vote": "f" * 64})
    standing = decision.standing.model_copy(update={"approvals": (forged,)})
    with pytest.raises(ReleaseError, match="approval by bob .* is not among the ledger's votes"):
        release(registry, decision.model_copy(update={"standing": standing}), None)
    assert kinds(registry) == ["bootstrap"]


def test_an_older_approval_is_renewed(registry, monkeypatch):
    first = approve(registry, "1", "a")[1]
    monkeypatch.setattr("nli_lifecycle.lifecycle.approval.RENEWED_AFTER", -1)
    second = approve(registry, "1", "b")[1]
    assert (first.number, second.number) == (0, 1)
    assert [one.reason for one in judge(registry, ASKING).standing.approvals] == ["b"]


def test_two_approvals_take_two_people(registry):
    two = asking(needed=2)
    promote(registry, two)
    approve(registry, None, "a")
    assert promote(registry, two).outcome == "hold"
    registry.actor = "eve"
    approve(registry, None, "b")
    assert promote(registry, two).outcome == "promote"


@pytest.mark.parametrize(
    "version, why", [("2", "Version 2 is not the candidate of prod"), ("9", "not the candidate")]
)
def test_an_approval_means_the_version_that_is_held(registry, version, why):
    with pytest.raises(MoveError, match=why):
        approve(registry, version, "")
    assert read(registry.ledger).votes == ()


def test_there_is_nothing_to_approve_where_nothing_is_held(make_registry, tmp_path):
    registry = make_registry()
    with pytest.raises(MoveError, match="dev has no candidate"):
        approve(registry, None, "")
    submit(registry, tmp_path, "one")
    with pytest.raises(MoveError, match=r"not held \(not judged yet\).*`kedro run --env dev`"):
        approve(registry, None, "")
    promote(registry)
    with pytest.raises(MoveError, match=r"not held \(promote\)"):
        approve(registry, None, "")


def test_a_dry_run_does_not_vote(registry):
    assert approve(registry, "1", "", dry_run=True)[1] is None
    assert reject(registry, "1", "why", dry_run=True)[1] is None
    assert read(registry.ledger).votes == ()


def test_an_approval_does_not_outlive_its_policy(registry):
    approve(registry, "1", "")
    assert judge(registry, asking(expire_after_hours=99)).outcome == "hold"


def test_an_approval_does_not_outlive_its_evidence(registry):
    approve(registry, "1", "")
    assert judge(registry, ASKING, accuracy=0.86).outcome == "hold"
    assert judge(registry, ASKING).outcome == "promote"


def test_an_approval_expires(registry):
    approve(registry, "1", "")
    records, measured = settle(registry), None
    decision = judge(registry, ASKING)
    measured = evidence(champion=None, policy=ASKING).model_copy(
        update={"candidate": decision.candidate, "environment": "prod"}
    )
    # judge() measured with other intervals: bind a vote to this evidence.
    cast(
        registry.ledger,
        kind="approve",
        version="1",
        digest=decision.candidate.digest,
        policy_hash=ASKING.content_hash(),
        evidence_hash=measured.content_hash(),
        actor="eve",
    )
    records = settle(registry)

    def standing(hours: float):
        now = datetime.now(UTC) + timedelta(hours=hours)
        return standing_of(records, registry, ASKING, measured, "ann", now)

    assert [one.actor for one in standing(167).approvals] == ["eve"]
    assert standing(169).approvals == ()
    assert standing(169).discounted == ("eve's is older than 168 hours",)


def test_under_separation_of_duties_the_author_may_not_approve(registry):
    apart = asking(not_by_author=True)
    promote(registry, apart)
    registry.actor = "ann"
    approve(registry, "1", "")
    decision = judge(registry, apart)
    assert decision.outcome == "hold" and "ann trained the candidate" in decision.reasons()[0]
    registry.actor = "bob"
    approve(registry, "1", "")
    assert approvers(judge(registry, apart)) == ["bob"]


def test_under_separation_of_duties_an_unknown_author_blocks(make_registry, tmp_path):
    registry, apart = make_registry("prod"), asking(not_by_author=True)
    submit(registry, tmp_path, "one")
    promote(registry, apart)
    approve(registry, None, "")
    assert "does not say who trained it" in judge(registry, apart).reasons()[0]


def test_a_rejection_is_final_and_asks_why(registry, tmp_path):
    with pytest.raises(MoveError, match="Say why: a rejection is final"):
        reject(registry, "1", " ")
    candidate, vote = reject(registry, "1", "leaks names")
    assert reject(registry, "1", "again") == (candidate, vote)
    assert registry.tags(candidate)["decision"] == "reject"
    with pytest.raises(MoveError, match="rejected by bob .*leaks names"):
        registry.tag(candidate, {"decision": "hold"})
        approve(registry, "1", "")
    submit(registry, tmp_path, "two")
    submit(registry, tmp_path, "one")  # the same bytes come again
    assert promote(registry, ASKING).outcome == "reject"
    assert kinds(registry) == ["bootstrap"]


def test_the_champion_is_rolled_back_not_rejected(registry):
    approve(registry, "1", "")
    promote(registry, ASKING)
    with pytest.raises(MoveError, match="is in use. Roll back first"):
        reject(registry, "1", "bad")
    with pytest.raises(MoveError, match="prod.nli.classifier has no version 7"):
        reject(registry, "7", "bad")


def test_a_replaced_candidate_is_superseded_and_approved_anew_when_it_returns(registry, tmp_path):
    approve(registry, "1", "")
    submit(registry, tmp_path, "two")
    first = next(iter(registry.versions()))
    assert registry.tags(first)["decision"] == "superseded"
    submit(registry, tmp_path, "one")
    assert judge(registry, ASKING).outcome == "hold"


def test_a_tag_is_an_input_only_where_the_policy_says_so(registry):
    candidate = registry.alias("candidate")
    registry.tag(candidate, {"approval": "Approved"})
    assert judge(registry, ASKING).outcome == "hold"

    with_tag = asking(tag="approval")
    decision = judge(registry, with_tag)
    assert approvers(decision) == ["bob"] and decision.outcome == "promote"
    (vote,) = read(registry.ledger).votes
    assert vote.via == "tag approval" and vote.evidence_hash == decision.evidence_hash
    assert registry.tags(candidate)["approval"] == "recorded"
    assert judge(registry, with_tag, accuracy=0.9).outcome == "hold"  # used up


@pytest.mark.parametrize("value", ["", "pending", "Rejected"])
def test_any_other_value_of_the_tag_is_no_approval(registry, value):
    registry.tag(registry.alias("candidate"), {"approval": value})
    assert judge(registry, asking(tag="approval")).outcome == "hold"


def test_a_tag_set_by_the_author_does_not_get_round_separation_of_duties(registry):
    registry.actor = "ann"
    registry.tag(registry.alias("candidate"), {"approval": "approved"})
    assert judge(registry, asking(tag="approval", not_by_author=True)).outcome == "hold"
