"""Reviewed pairs as evidence: by the reviewers' labels, asked for by policy, else unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from asked_pairs import answers, asked, pairs_of, word
from pydantic import ValidationError
from ready_evidence import CANDIDATE, CHAMPION, POLICY, around, evidence, judged
from scipy.stats import binomtest

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.reviewed import Controls, Disagreements, ReviewEvidence
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.proportions import wilson
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines.evaluation.listing import list_metrics
from nli_lifecycle.pipelines.evaluation.reviewing import recall_reviews
from nli_lifecycle.review.records import draw
from nli_lifecycle.review.store import ReviewStore

ASKED = Policy.model_validate({**POLICY.model_dump(), "reviews": {"needed": 100}})
TWICE = Policy.model_validate({**POLICY.model_dump(), "reviews": {"needed": 9, "reviewers": 2}})
FOUND = ReviewEvidence(
    labels="d" * 64,
    reviewers=1,
    pairs=150,
    own=120,
    controls=Controls(
        drawn=80,
        reviewed=60,
        candidate=around(0.9, 0.05),
        champion=around(0.85, 0.05),
        difference=around(0.05, 0.05),
        label_noise=around(0.1, 0.05),
    ),
    disagreements=Disagreements(reviewed=40, won=25, lost=10, mcnemar=0.0167),
)


def seen(policy: Policy = ASKED, **changes: Any) -> Evidence:
    reviews = FOUND.model_copy(update=changes).model_dump()
    return Evidence.model_validate({**evidence(policy=policy).model_dump(), "reviews": reviews})


def said(measured: Evidence, policy: Policy = ASKED) -> tuple[str, str] | None:
    rules = judged(policy, measured).rules
    found = [(one.outcome, one.sentence) for one in rules if one.rule == "reviewed pairs"]
    return found[0] if found else None


# ---- the rule ------------------------------------------------------------------------------------


def test_no_reviewed_pairs_hold_and_the_sentence_says_how_to_get_them() -> None:
    assert judged(ASKED, evidence(policy=ASKED)).outcome == "hold"
    assert said(evidence(policy=ASKED)) == (
        "INCONCLUSIVE",
        "The policy asks for 100 reviewed pairs, each labelled by one person or more, and none of "
        "this candidate's review queue has such a label. Make the queue: `kedro run --env dev "
        "--pipelines review`; take the labelled sheet in: `kedro lifecycle review import FILE "
        "--env dev`; then run evaluation again.",
    )


@pytest.mark.parametrize(
    "own, outcome, decision", [(99, "INCONCLUSIVE", "hold"), (100, "PASS", "promote")]
)
def test_pairs_of_the_candidates_own_queue_are_counted(own, outcome, decision) -> None:
    measured = seen(own=own)
    assert said(measured)[0] == outcome and judged(ASKED, measured).outcome == decision


def test_enough_pairs_pass_and_the_sentence_says_what_they_show() -> None:
    assert said(seen()) == (
        "PASS",
        "120 pairs of this candidate's review queue have a label by one person or more: at least "
        "the 100 needed. On 60 random ones the candidate is right in 90.0% (85.0 to 95.0), the "
        "champion in 85.0% (80.0 to 90.0); reviewers do not confirm the pair's own label in 10.0% "
        "(5.0 to 15.0) (95% intervals). Of 40 disagreements the candidate wins 25 and loses 10 "
        "(exact McNemar test p = 0.017).",
    )


def test_labels_that_needed_fewer_people_do_not_count() -> None:
    outcome, sentence = said(seen(TWICE), TWICE)
    assert outcome == "INCONCLUSIVE" and "labelled by 2 people or more, and none" in sentence
    assert said(seen(TWICE, reviewers=2), TWICE)[0] == "PASS"


def test_where_the_policy_does_not_ask_nothing_is_said() -> None:
    assert said(seen(POLICY), POLICY) is None and judged(POLICY, seen(POLICY)).outcome == "promote"


@pytest.mark.parametrize(
    "changes",
    [
        {"own": 151},
        {"pairs": 119},
        {"disagreements": {"reviewed": 3, "won": 2, "lost": 2, "mcnemar": 1}},
    ],
)
def test_impossible_counts_are_refused(changes) -> None:
    with pytest.raises(ValidationError, match="impossible"):
        ReviewEvidence.model_validate({**FOUND.model_dump(), **changes})
    with pytest.raises(ValidationError, match="impossible"):
        Controls.model_validate({**FOUND.controls.model_dump(), "reviewed": 81})


# ---- nothing changes where there is no review ----------------------------------------------------


def test_policy_and_evidence_without_it_hash_as_before_there_was_any() -> None:
    assert "reviews" not in POLICY.model_dump() and "reviews" not in evidence().model_dump()
    assert POLICY.content_hash()[:12] == "145c31605c55"
    assert evidence().content_hash()[:12] == "ace8a2d1b458"
    assert "reviewed_pairs" not in list_metrics(evidence())


def test_with_it_they_hash_anew_and_read_back() -> None:
    hashes = {one.content_hash() for one in (evidence(policy=ASKED), seen(), seen(labels="e" * 64))}
    assert len(hashes) == 3 and ASKED.content_hash() != POLICY.content_hash()
    assert Evidence.model_validate_json(seen().model_dump_json()) == seen()
    metrics = list_metrics(seen())
    assert metrics["reviewed_accuracy"]["value"] == 0.9
    assert metrics["reviewed_disagreements_won"]["value"] == 25


# ---- what is measured ----------------------------------------------------------------------------

ROWS = 60
PAIRS = pairs_of(ROWS)
OURS = answers(PAIRS, [row % 6 == 0 for row in range(ROWS)])
THEIRS = answers(PAIRS, [row % 4 == 0 for row in range(ROWS)])
IDS = [asked(row).review_id for row in range(ROWS)]
IN_ORDER = sorted(range(ROWS), key=lambda row: draw(IDS[row]))
DRAWN = IN_ORDER[:20]


@pytest.fixture
def store(tmp_path: Path) -> ReviewStore:
    return ReviewStore(tmp_path / "reviews")


def label(store: ReviewStore, rows, reviewer: str = "ann", shift: int = 0) -> None:
    """Say the pairs' own labels, or others."""
    labels = [LABELS[(LABELS.index(PAIRS["label"][row]) + shift) % 3] for row in rows]
    words = [word(IDS[row], reviewer, name) for row, name in zip(rows, labels)]
    store.add(lambda known: words)


def recalled(store, policy: Policy = POLICY, champion=CHAMPION, pairs=PAIRS, ours=OURS):
    theirs = THEIRS if champion else THEIRS.iloc[:0]
    found = recall_reviews(
        *(CANDIDATE, Incumbent(champion), pairs, ours, theirs),
        *(store, EvaluationParameters(), policy),
    )
    return found.get("reviews")


def test_without_words_or_without_any_about_these_pairs_there_is_no_evidence(store) -> None:
    store.ask([asked(0)])
    assert recalled(store) is None
    store.add(lambda known: [word("0" * 32, "ann", "neutral")])
    assert recalled(store) is None
    label(store, [0])
    assert recalled(store, TWICE) is None  # one person is not two


def test_random_pairs_give_the_accuracy_and_targeted_ones_do_not(store) -> None:
    wrong = [row for row in IN_ORDER[20:] if row % 6 == 0]
    store.ask([asked(row) for row in DRAWN] + [asked(row, "low_confidence") for row in wrong])
    label(store, [*DRAWN, *wrong])
    found = recalled(store)
    right = sum(row % 6 != 0 for row in DRAWN)
    assert (found.pairs, found.own) == (20 + len(wrong), 20 + len(wrong))
    assert (found.controls.drawn, found.controls.reviewed) == (20, 20)
    assert found.controls.candidate == wilson(right, 20, 0.95)
    assert found.controls.champion == wilson(sum(row % 4 != 0 for row in DRAWN), 20, 0.95)
    assert found.controls.label_noise.estimate == 0 and found.relabelled == ()


def test_a_targeted_pair_that_the_draw_reaches_is_a_random_one_too(store) -> None:
    """Else the random sample would lack just the pairs that models find hard."""
    store.ask([asked(DRAWN[3], "disagreement")] + [asked(row) for row in DRAWN if row != DRAWN[3]])
    label(store, DRAWN)
    assert recalled(store).controls.reviewed == 20


def test_drawn_pairs_without_a_label_are_counted_as_missing(store) -> None:
    store.ask([asked(row) for row in DRAWN])
    label(store, DRAWN[:5])
    controls = recalled(store).controls
    assert (controls.drawn, controls.reviewed) == (20, 5)


def test_disagreements_are_those_of_these_two_models(store) -> None:
    apart = [row for row in range(ROWS) if OURS["predicted"][row] != THEIRS["predicted"][row]]
    theirs = [row for row in apart if row not in DRAWN]
    store.ask([asked(row, "disagreement") for row in theirs[:6]])
    store.ask([asked(row, "disagreement", candidate="c" * 64) for row in theirs[6:]])
    label(store, theirs)
    found = recalled(store)
    won = sum(row % 6 != 0 for row in theirs[:6])
    assert (found.disagreements.reviewed, found.disagreements.won) == (6, won)
    assert found.disagreements.mcnemar == pytest.approx(binomtest(won, 6).pvalue)
    assert (found.own, found.pairs, found.controls) == (6, len(theirs), None)
    assert recalled(store, champion=None).disagreements is None


def test_labels_that_reviewers_do_not_confirm_are_listed_and_judge_on(store) -> None:
    store.ask([asked(row) for row in DRAWN])
    label(store, DRAWN[:18])
    label(store, DRAWN[18:], shift=1)
    found = recalled(store)
    assert found.controls.label_noise.estimate == pytest.approx(0.1)
    assert [one.review_id for one in found.relabelled] == sorted(IDS[row] for row in DRAWN[18:])
    assert all(one.label != one.reviewed for one in found.relabelled)


def test_disputed_pairs_are_no_evidence(store) -> None:
    store.ask([asked(row) for row in DRAWN])
    label(store, DRAWN)
    before = recalled(store)
    label(store, DRAWN[:1], "bob", shift=1)
    assert recalled(store).pairs == before.pairs - 1
    label(store, DRAWN[:1], "cat")
    assert recalled(store) == before  # three people, a majority for the same label


def test_the_order_of_words_and_rows_is_nothing(store, tmp_path) -> None:
    other = ReviewStore(tmp_path / "other")
    for one, rows in ((store, DRAWN), (other, DRAWN[::-1])):
        one.ask([asked(row) for row in rows])
        label(one, rows)
    shuffled = PAIRS.iloc[::-1].reset_index(drop=True)
    assert recalled(store) == recalled(other)
    again = recall_reviews(
        *(CANDIDATE, Incumbent(CHAMPION), shuffled, OURS.iloc[::-1], THEIRS.iloc[::-1]),
        *(other, EvaluationParameters(), POLICY),
    )["reviews"]
    assert again == recalled(store)


def test_pairs_that_are_left_out_of_the_evaluation_are_no_evidence(store) -> None:
    """As under ``training_rows: leave_out`` those are that were trained on."""
    store.ask([asked(row) for row in range(10)])
    label(store, range(10))
    rest = PAIRS.iloc[8:].reset_index(drop=True)
    found = recall_reviews(
        *(CANDIDATE, Incumbent(), rest, OURS.iloc[8:], OURS.iloc[:0]),
        *(store, EvaluationParameters(), POLICY),
    )["reviews"]
    assert isinstance(rest, pd.DataFrame) and found.pairs == 2
