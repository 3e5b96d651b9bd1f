"""The rule on reviewed pairs: enough people looked at enough of them."""

from __future__ import annotations

from collections.abc import Iterator

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.reviewed import ReviewEvidence
from nli_lifecycle.lifecycle.rules.result import RuleResult, place
from nli_lifecycle.nli.metrics.figures import Interval


def judge_reviews(policy: Policy, evidence: Evidence) -> Iterator[RuleResult]:
    """Count the settled pairs of this candidate's queue; what they show is said beside."""
    asked, found = policy.reviews, evidence.reviews
    if asked is None:
        return
    number = found.own if found and found.reviewers == asked.reviewers else 0
    enough = number >= asked.needed
    people = "one person" if asked.reviewers == 1 else f"{asked.reviewers} people"
    if enough and found:
        sentence = (
            f"{number:,} pairs of this candidate's review queue have a label by {people} or more: "
            f"at least the {asked.needed:,} needed.{_shown(found, evidence.method.confidence)}"
        )
    else:
        sentence = (
            f"The policy asks for {asked.needed:,} reviewed pairs, each labelled by {people} or "
            f"more, and {f'{number:,}' if number else 'none'} of this candidate's review queue "
            f"{'has' if number < 2 else 'have'} such a label. Make the queue: `kedro run --env "
            f"{evidence.environment} --pipelines review`; take the labelled sheet in: `kedro "
            f"lifecycle review import FILE --env {evidence.environment}`; then run evaluation "
            "again."
        )
    yield RuleResult(
        rule="reviewed pairs",
        outcome=place(reached=enough, missed=False),
        sentence=sentence,
    )


def _shown(found: ReviewEvidence, confidence: float) -> str:
    """What reviewers make of both models; nothing is judged by it."""
    said = ""
    if controls := found.controls:
        said += (
            f" On {controls.reviewed:,} random ones the candidate is right in "
            f"{_percent(controls.candidate)}"
        )
        if controls.champion:
            said += f", the champion in {_percent(controls.champion)}"
        said += (
            f"; reviewers do not confirm the pair's own label in {_percent(controls.label_noise)} "
            f"({confidence:.0%} intervals)."
        )
    if apart := found.disagreements:
        said += (
            f" Of {apart.reviewed:,} disagreements the candidate wins {apart.won:,} and loses "
            f"{apart.lost:,} (exact McNemar test p = {apart.mcnemar:.2g})."
        )
    return said


def _percent(share: Interval) -> str:
    return f"{100 * share.estimate:.1f}% ({100 * share.lower:.1f} to {100 * share.upper:.1f})"
