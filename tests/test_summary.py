"""The summary says what happened, in 80 columns, and nothing that did not happen."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from ready_evidence import POLICY, around, comparison, evidence, judged
from rich.console import Console

from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.scoring.documents import Manifest, ScoringReport
from nli_lifecycle.serving.head import Release
from nli_lifecycle.summary import print_summary, what_to_approve

FULL: dict[str, Any] = {
    "environment": "staging",
    "source": "sick",
    "rows_read": 9840,
    "rows_kept": 9800,
    "rows_quarantined": 40,
    "accuracy": 0.8675,
    "macro_f1": 0.8621,
    "hypothesis_only_accuracy": 0.599,
    "tuning": None,
    "tuning_trials": None,
    "decision": "hold",
    "reasons": [
        "PASS: Accuracy 86.8% reaches 80%.",
        "INCONCLUSIVE: Too few rows to tell.",
        "ADVICE: These pairs are worn.",
    ],
    "approve": "kedro lifecycle approve --env staging --version 3",
    "report": "/home/r/data/staging/08_reporting/decision.html",
    "scoring": None,
    "monitoring": None,
    "model": "staging.nli.classifier",
    "version": "3",
    "digest": "0123456789abcdef",
    "experiment": "nli-staging",
    "run_id": "r1",
    "seconds": {"data_engineering": 2.4, "evaluation": 31.0},
}


def printed(summary: dict[str, Any]) -> str:
    stream = io.StringIO()
    print_summary(summary, Console(file=stream, width=80))
    return stream.getvalue()


def test_full_summary_shows_every_figure_and_fits_80_columns() -> None:
    text = printed(FULL)
    for expected in (
        "sick: 9,840 rows read = 9,800 kept + 40 quarantined",
        "accuracy 86.8%, macro-F1 0.862",
        "59.9%",
        "hold",
        "✓ Accuracy 86.8% reaches 80%.",
        "? Too few rows to tell.",
        "i These pairs are worn.",
        "/home/r/data/staging/08_reporting/decision.html",
        "staging.nli.classifier version 3 (0123456789ab)",
        "kedro lifecycle approve --env staging --version 3",
        "experiment nli-staging, run r1",
        "data_engineering 2 s, evaluation 31 s; together 33 s",
        "make ui ENV=staging",
    ):
        assert expected in text, text
    assert max(map(len, text.splitlines())) <= 80


def test_what_did_not_run_is_left_out() -> None:
    empty = {name: None for name in FULL} | {
        "environment": "dev",
        "experiment": "nli-dev",
        "run_id": "r2",
        "seconds": {"data_engineering": 1.0},
    }
    text = printed(empty)
    assert "Decision" not in text and "Quality" not in text and "None" not in text
    assert "data_engineering 1 s" in text


def test_only_what_waits_for_people_alone_says_how_to_approve() -> None:
    asking = Policy.model_validate({**POLICY.model_dump(), "approvals": {"needed": 1}})
    held = judged(asking, evidence(policy=asking))
    assert what_to_approve(held) == (
        "kedro lifecycle approve --env dev --version 2 --reason …, "
        "then kedro run --env dev --pipelines promotion"
    )
    unsettled = evidence(policy=asking, compared=comparison(accuracy=around(-0.01, 0.005)))
    assert what_to_approve(judged(asking, unsettled)) is None
    assert what_to_approve(judged(POLICY, evidence())) is None


def test_tuning_is_shown_with_what_won() -> None:
    found = {"study": "s1", "trials": 20, "macro_f1": 0.9, "parameters": {"epochs": 4}}
    text = printed({**FULL, "tuning": found, "tuning_trials": 20})
    assert "best of 20 trials: epochs 4 (macro-F1 0.900 on validation" in text
    assert "parameters chosen among 20 trials" in printed({**FULL, "tuning_trials": 20})
    assert "Tuning" not in printed(FULL)


def test_scoring_is_shown_with_its_rows_and_who_scored() -> None:
    manifest = Manifest(
        input="0" * 64,
        release=Release("prod.nli.classifier", "7", "abcdef0123456789", 12),
        scored_at=datetime.now(UTC),
        files=(),
        rows_read=2_010,
        rows_scored=2_000,
        rows_quarantined=10,
        quarantined={"empty_text": 10},
        labels={"entailment": 500, "neutral": 1_500, "contradiction": 0},
        portions=1,
    )
    report = ScoringReport(manifest=manifest, output="/data/x", rows_new=1_000, seconds=4.0)
    text = " ".join(printed({**FULL, "scoring": report.summary()}).replace("│", " ").split())
    assert "2,010 rows read = 2,000 scored + 10 quarantined (empty_text 10)" in text
    assert "entailment 25.0%, neutral 75.0%, contradiction 0.0% (1,000 scored now, 250" in text
    assert "prod.nli.classifier version 7 (abcdef012345), epoch 12" in text
    assert "/data/x/scores" in text
    nothing_new = report.model_copy(update={"rows_new": 0}).summary()
    assert "a second" not in printed({**FULL, "scoring": nothing_new})
