"""From a candidate that is held to one that people let through, and to what training learns."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from asked_pairs import pairs_of
from data_run import DataRun
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from life import crown
from ready_evidence import POLICY
from ready_evidence import judged as decision_on
from sealed_folder import answering_bundle

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines import evaluation, review
from nli_lifecycle.review.importing import take_in
from nli_lifecycle.review.parameters import ReviewParameters
from nli_lifecycle.review.store import ReviewStore
from nli_lifecycle.serving.log.reading import LogReader

ROWS = 300
PAIRS = pairs_of(ROWS)
ASKING = Policy.model_validate({**POLICY.model_dump(), "reviews": {"needed": 50}})


class Kept(MemoryDataset):
    """Keeps what the runner would let go after its last use."""

    def _release(self) -> None:
        pass


class Desk:
    """A registry, a store of reviews, and the two pipelines over them, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = InMemoryRegistry("m", environment="staging", folder=folder / "memory")
        self.reviews = ReviewStore(folder / "reviews")
        self.made: dict[str, Any] = {}

    def run(self, pipeline, **given: Any) -> dict[str, Any]:
        given = {
            "registry": self.registry,
            "reviews": self.reviews,
            "test_pairs": PAIRS,
            "raw": RawFolder("staging", Path("nowhere"), Path(".")),
            "inference_log": LogReader("sqlite:///nowhere/log.db"),
            "params:environment": "staging",
            "params:source": "sample",
            "params:evaluation": EvaluationParameters(resamples=200, stress={"rows": 0}),
            "params:review": ReviewParameters(rows=60),
            "params:policy": ASKING,
            **self.made,
            **given,
        }
        catalog = DataCatalog(
            {name: Kept(value, copy_mode="assign") for name, value in given.items()}
            | {
                name: Kept(copy_mode="assign")
                for name in pipeline.all_outputs()
                if name not in given
            }
        )
        SequentialRunner().run(pipeline, catalog)
        self.made |= {name: catalog.load(name) for name in pipeline.all_outputs()}
        return self.made

    def judge(self, candidate, **given: Any) -> Any:
        return self.run(evaluation.create_pipeline(), candidate=candidate, **given)["evidence"]

    def ask(self, **given: Any) -> dict[str, Any]:
        return self.run(review.create_pipeline(), **given)

    def label(self, sheet: str, reviewer: str = "ann") -> int:
        """Label every pair of a sheet as its hypothesis says, and take it in."""
        rows = list(csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff"))))
        for row in rows:
            row |= {"label": row["hypothesis"].split()[0], "reviewer": reviewer}
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        path = self.folder / "back.csv"
        path.write_text(text.getvalue(), "utf-8")
        asked = self.reviews.asked()
        self.reviews.add(lambda known: take_in(path, "", asked, known).taken)
        return len(rows)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "bad": answering_bundle(folder / "bad", wrong_every=4),
        "good": answering_bundle(folder / "good", wrong_every=10),
    }


@pytest.fixture
def desk(tmp_path: Path, bundles) -> Desk:
    desk = Desk(tmp_path)
    crown(desk.registry, desk.registry.register(bundles["bad"], {}))
    return desk


def test_the_loop_is_closed(desk: Desk, bundles, tmp_path: Path) -> None:
    candidate = desk.registry.register(bundles["good"], {})
    assert decision_on(ASKING, desk.judge(candidate)).outcome == "hold"

    made = desk.ask()
    assert made["review_progress"].open == len(made["review_queue"]) == 60
    assert "candidate" not in made["review_sheet"].splitlines()[0]
    assert desk.label(made["review_sheet"]) == 60
    evidence = desk.judge(candidate)
    assert (evidence.reviews.own, evidence.reviews.controls.reviewed) == (60, 24)
    assert evidence.reviews.controls.candidate.estimate > 0.75
    assert evidence.reviews.disagreements.won > evidence.reviews.disagreements.lost
    assert decision_on(ASKING, evidence).outcome == "promote"

    again = desk.ask()
    assert again["review_queue"].equals(made["review_queue"])
    assert again["review_progress"].open == 0
    assert again["review_sheet"].count("\n") == 1 and again["review_lines"] == ""
    pairs = again["reviewed_pairs"]
    assert 0 < len(pairs) <= 36  # no random ones

    # dev learns from them …
    file = tmp_path / "reviewed_pairs.jsonl"
    pairs.to_json(file, orient="records", lines=True, force_ascii=False)
    own = tmp_path / "own.csv"
    other = pairs_of(90).assign(premise=lambda frame: "On a hill, " + frame["premise"])
    other.to_csv(own, index=False)
    learnt = DataRun(tmp_path / "dev")("csv", own, feedback={"path": str(file)})["train_pairs"]
    back = learnt[learnt["source"].eq("feedback")]
    assert set(back["pair_id"]) == set(pairs["pair_id"])

    # … and what it learns there cannot judge it here.
    trained = answering_bundle(tmp_path / "trained", 10, trained_on=back)
    student = desk.registry.register(trained, {})
    evidence = desk.judge(student)
    assert evidence.candidate_trust.overlap.exact == len(pairs)
    decision = decision_on(
        POLICY, evidence.model_copy(update={"policy_hash": POLICY.content_hash()})
    )
    assert decision.outcome == "reject"
    assert [one.rule for one in decision.rules if one.outcome == "FAIL"] == ["unseen pairs"]
    fair = {"resamples": 200, "stress": {"rows": 0}, "training_rows": "leave_out"}
    evidence = desk.judge(
        student, **{"params:evaluation": EvaluationParameters.model_validate(fair)}
    )
    assert evidence.evaluation_set.left_out == len(pairs)
    assert evidence.reviews.pairs == 60 - len(pairs)
    assert evidence.reviews.own == 0  # nobody was asked about this candidate


def test_the_next_candidate_asks_only_what_nobody_said_yet(desk: Desk, bundles, tmp_path) -> None:
    desk.judge(desk.registry.register(bundles["good"], {}))
    desk.label(desk.ask()["review_sheet"])
    other = answering_bundle(tmp_path / "other", wrong_every=7)
    desk.judge(desk.registry.register(other, {}))
    made = desk.ask()
    progress = made["review_progress"]
    assert progress.pairs == 60 and progress.reasons["random"].reviewed == 24
    assert 0 < progress.open < 36
    assert made["review_sheet"].count("\n") == progress.open + 1
    assert len(desk.reviews.asked()) == 120


def test_two_people_must_agree_where_the_policy_says_so(desk: Desk, bundles) -> None:
    two = Policy.model_validate({**POLICY.model_dump(), "reviews": {"needed": 50, "reviewers": 2}})
    asking = {"params:policy": two}
    candidate = desk.registry.register(bundles["good"], {})
    desk.judge(candidate, **asking)
    sheet = desk.ask(**asking)["review_sheet"]
    desk.label(sheet)
    assert desk.judge(candidate, **asking).reviews is None
    assert desk.ask(**asking)["review_progress"].open == 60
    desk.label(sheet, "bob")
    assert desk.judge(candidate, **asking).reviews.own == 60


def test_pairs_that_changed_since_the_evaluation_are_refused(desk: Desk, bundles) -> None:
    desk.judge(desk.registry.register(bundles["good"], {}))
    changed = PAIRS.assign(label="neutral")
    with pytest.raises(DataError, match="--env staging --pipelines evaluation` first"):
        desk.ask(evaluation_pairs=changed)
    assert desk.reviews.asked() == [] and isinstance(changed, pd.DataFrame)
