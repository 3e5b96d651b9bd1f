"""Evaluation on models that answer by a known rule, so that every figure is known beforehand."""

from __future__ import annotations

from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from life import crown
from ready_evidence import POLICY
from ready_evidence import judged as decision_on
from sealed_folder import answering_bundle, sealed_folder

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.predictions import PREDICTION_COLUMNS, PredictionError
from nli_lifecycle.nli.slices import SliceError
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines.evaluation import create_pipeline
from nli_lifecycle.pipelines.evaluation.measuring import measure_quality
from nli_lifecycle.pipelines.evaluation.nodes import choose_pairs, predict_candidate
from nli_lifecycle.review.store import ReviewStore
from nli_lifecycle.serving.log.reading import LogReader

QUICK = {"resamples": 400, "stress": {"rows": 30}}
ROWS = 300


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    labels = [LABELS[row % 3] for row in range(ROWS)]
    return pd.DataFrame(
        {
            "pair_id": [f"p{row}" for row in range(ROWS)],
            "premise": [f"Dog {row} runs." for row in range(ROWS)],
            "hypothesis": [f"{label} number {row}" for row, label in enumerate(labels)],
            "label": labels,
            "genre": "",
            "fingerprint": [f"{row:032x}" for row in range(ROWS)],
        }
    )


@pytest.fixture(scope="module")
def bundles(tmp_path_factory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "good": answering_bundle(folder / "good", wrong_every=10),
        "bad": answering_bundle(folder / "bad", wrong_every=4),
        "broken": sealed_folder(folder / "broken"),
    }


@pytest.fixture
def registry(tmp_path: Path) -> InMemoryRegistry:
    return InMemoryRegistry("dev.nli.classifier", environment="dev", folder=tmp_path / "memory")


class Kept(MemoryDataset):
    """Keeps what the runner would let go after its last use."""

    def _release(self) -> None:
        pass


def evaluate(registry, candidate, pairs, policy=POLICY, **evaluation):
    """Run the whole pipeline in memory; give the evidence and everything else it made."""
    given = {
        "registry": registry,
        "candidate": candidate,
        "test_pairs": pairs,
        "raw": RawFolder("dev", Path("nowhere"), Path(".")),
        "inference_log": LogReader("sqlite:///nowhere/log.db"),
        "reviews": ReviewStore(Path("nowhere/reviews")),
        "params:environment": "dev",
        "params:source": "sample",
        "params:evaluation": EvaluationParameters.model_validate({**QUICK, **evaluation}),
        "params:policy": policy,
    }
    pipeline = create_pipeline()
    catalog = DataCatalog(
        {name: Kept(value, copy_mode="assign") for name, value in given.items()}
        | {name: Kept(copy_mode="assign") for name in pipeline.all_outputs()}
    )
    SequentialRunner().run(pipeline, catalog)
    made = {name: catalog.load(name) for name in pipeline.all_outputs()}
    return made["evidence"], made


def quality(pairs, candidate, ours, champion=Incumbent(), theirs=None):
    return measure_quality(
        candidate=candidate,
        champion=champion,
        evaluation_pairs=pairs,
        candidate_predictions=ours,
        champion_predictions=ours.iloc[:0] if theirs is None else theirs,
        times_judged=1,
        evaluation=EvaluationParameters(resamples=400),
        policy=POLICY,
    )


@pytest.fixture
def judged(registry, bundles, pairs):
    """A candidate without a champion: version, predictions."""
    candidate = registry.register(bundles["good"], {})
    return candidate, predict_candidate(candidate, bundles["good"], pairs, pairs.iloc[:0])[0]


def test_a_bundle_that_does_not_load_is_named(registry, bundles, pairs):
    candidate = registry.register(bundles["broken"], {})
    with pytest.raises(PredictionError, match=r"version 1 \(.*\) cannot be evaluated"):
        predict_candidate(candidate, bundles["broken"], pairs, pairs)


@pytest.mark.parametrize(
    "damage, why",
    [
        (lambda p: p.iloc[:-1], "belong to other pairs"),
        (lambda p: p.iloc[::-1], "belong to other pairs"),
        (lambda p: p.assign(p_neutral=float("nan")), "Pair p0: probabilities .* NaN or infinite"),
        (lambda p: p.assign(p_neutral=-0.5), "Pair p0: probabilities .* negative"),
        (lambda p: p.assign(predicted="maybe"), "Pair p0: predicted 'maybe'"),
    ],
)
def test_damaged_predictions_are_refused(judged, pairs, damage, why):
    candidate, predictions = judged
    with pytest.raises(PredictionError, match=why):
        quality(pairs, candidate, damage(predictions))
    with pytest.raises(PredictionError, match=why):
        quality(pairs, candidate, predictions, Incumbent(candidate), damage(predictions))


def test_repeated_pair_ids_are_refused(judged, pairs):
    candidate, predictions = judged
    twice = pairs.assign(pair_id=["p0", "p0", *pairs["pair_id"][2:]])
    with pytest.raises(PredictionError, match="Pair id p0 occurs twice"):
        quality(twice, candidate, predictions)


def test_a_slice_that_does_not_exist_stops_the_evaluation(registry, bundles, pairs):
    candidate = registry.register(bundles["good"], {})
    with pytest.raises(SliceError, match="no column 'region'"):
        evaluate(registry, candidate, pairs, slices={"columns": ["region"]})


def test_three_pairs_of_one_label_are_measured_and_never_pass(registry, bundles, pairs):
    few = pairs[pairs["label"] == "neutral"].head(3).reset_index(drop=True)
    evidence, _ = evaluate(registry, registry.register(bundles["good"], {}), few)
    assert evidence.candidate_measures.accuracy.upper > evidence.candidate_measures.accuracy.lower
    assert decision_on(POLICY, evidence).outcome == "hold"


def test_the_first_candidate_is_measured_alone(registry, bundles, pairs):
    candidate = registry.register(bundles["good"], {})
    evidence, made = evaluate(registry, candidate, pairs)
    ours, theirs = made["candidate_predictions"], made["champion_predictions"]

    assert list(ours.columns) == PREDICTION_COLUMNS
    assert ours["label"].tolist() == pairs["label"].tolist()
    assert (ours["predicted"] == ours["label"]).mean() == pytest.approx(0.9)
    assert len(theirs) == 0 and list(theirs.columns) == PREDICTION_COLUMNS
    assert evidence.candidate == candidate
    assert evidence.champion is evidence.champion_measures is evidence.comparison is None
    assert evidence.candidate_measures.accuracy.estimate == pytest.approx(0.9)
    assert sum(map(sum, evidence.candidate_measures.confusion)) == ROWS
    assert (evidence.evaluation_set.rows, evidence.evaluation_set.judged) == (ROWS, 1)
    assert evidence.policy_hash == POLICY.content_hash()
    by_label = {part.name: part for part in evidence.slices if part.kind == "label"}
    assert by_label["neutral"].rows == 100 and by_label["neutral"].difference is None
    wrong = made["exhibits"].disagreements
    assert len(wrong) == 20 and all(pair.candidate != pair.label for pair in wrong)
    assert made["exhibits"].evidence_hash == evidence.content_hash()
    assert set(made["exhibits"].footprints) == {"candidate"}


def test_a_candidate_is_compared_with_the_champion_on_the_same_pairs(registry, bundles, pairs):
    champion = registry.register(bundles["bad"], {})
    crown(registry, champion)
    candidate = registry.register(bundles["good"], {})
    evidence, made = evaluate(registry, candidate, pairs)

    assert evidence.champion == champion
    assert made["champion_predictions"]["pair_id"].tolist() == pairs["pair_id"].tolist()
    assert evidence.champion_measures.accuracy.estimate == pytest.approx(0.75)
    compared = evidence.comparison
    assert compared.accuracy.estimate == pytest.approx(0.15)
    assert compared.accuracy.lower > 0
    # Wrong are every 10th and every 4th row, so every 20th in both.
    assert compared.both_wrong == 15
    assert (compared.only_candidate_right, compared.only_champion_right) == (60, 15)
    assert all(part.difference for part in (*evidence.slices, *evidence.stress))
    assert set(made["footprints"]) == {"candidate", "champion"}
    assert evidence.candidate_footprint is None  # no budget in the policy: advice


def test_budgets_of_the_policy_put_costs_into_the_evidence(registry, bundles, pairs):
    policy = Policy.model_validate({**POLICY.model_dump(), "budgets": {"megabytes": 50}})
    evidence, made = evaluate(registry, registry.register(bundles["good"], {}), pairs, policy)
    assert evidence.candidate_footprint == made["footprints"]["candidate"]


def test_the_champions_own_bytes_are_predicted_once_and_differ_by_nothing(
    registry, bundles, pairs, monkeypatch
):
    champion = registry.register(bundles["good"], {})
    crown(registry, champion)
    loads = []
    load = mlflow.pyfunc.load_model
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda uri: loads.append(uri) or load(uri))
    evidence, _ = evaluate(registry, champion, pairs)
    assert len(loads) == 2  # to predict, and to measure its costs
    assert evidence.champion.digest == evidence.candidate.digest
    assert evidence.comparison.accuracy.estimate == 0
    assert set(evidence.comparison.macro_f1.__dict__.values()) == {0.0}


def test_pairs_seen_in_training_are_counted_or_left_out(registry, bundles, pairs, tmp_path):
    seen = answering_bundle(tmp_path / "seen", 10, trained_on=pairs.head(40))
    candidate = registry.register(seen, {})
    evidence, _ = evaluate(registry, candidate, pairs)
    assert evidence.candidate_trust.overlap.exact == 40
    assert evidence.candidate_trust.shortcut is not None
    fair, made = evaluate(registry, candidate, pairs, training_rows="leave_out")
    assert (fair.evaluation_set.rows, fair.evaluation_set.left_out) == (ROWS - 40, 40)
    assert fair.candidate_trust.overlap.exact == 0
    assert made["evaluation_pairs"]["pair_id"].iloc[0] == "p40"


def test_leaving_out_needs_pairs_that_are_left_and_bundles_that_say(bundles, pairs, tmp_path):
    leave_out = EvaluationParameters(training_rows="leave_out")
    all_seen = answering_bundle(tmp_path / "all", trained_on=pairs)
    with pytest.raises(DataError, match="Each of the 300 evaluation pairs was used in training"):
        choose_pairs(pairs, all_seen, Incumbent(), leave_out)
    with pytest.raises(DataError, match="candidate's bundle does not say"):
        choose_pairs(pairs, bundles["broken"], Incumbent(), leave_out)


def test_own_stress_suites_are_read_and_scored_two_way(registry, bundles, pairs, tmp_path):
    file = tmp_path / "hans.tsv"
    rows = [f"P {n}.\tentailment {n}\tnon-entailment" for n in range(60)]
    file.write_text("premise\thypothesis\tlabel\n" + "\n".join(rows) + "\n")
    own = {"hans": {"source": "tsv", "path": str(file)}}
    evidence, made = evaluate(
        registry, registry.register(bundles["good"], {}), pairs, stress={"rows": 0, "own": own}
    )
    (suite,) = evidence.stress
    assert (suite.kind, suite.name, suite.rows) == ("own", "hans", 60)
    # It answers what the hypothesis says, entailment, but for every tenth row.
    assert suite.candidate.estimate == pytest.approx(0.1)


def test_the_evaluation_set_is_known_by_its_texts_and_labels(registry, bundles, pairs):
    candidate = registry.register(bundles["good"], {})

    def fingerprint(pairs):
        return evaluate(registry, candidate, pairs)[0].evaluation_set.fingerprint

    first = fingerprint(pairs)
    assert fingerprint(pairs.iloc[::-1].reset_index(drop=True)) == first
    assert fingerprint(pairs.assign(label=["neutral", *pairs["label"][1:]])) != first


def test_the_same_measurement_is_the_same_evidence(registry, bundles, pairs):
    crown(registry, registry.register(bundles["bad"], {}))
    candidate = registry.register(bundles["good"], {})
    first, again = (evaluate(registry, candidate, pairs)[0] for _ in range(2))
    assert first.content_hash() == again.content_hash()


def test_a_set_that_judges_another_digest_is_worn_by_one(registry, bundles, pairs):
    first = registry.register(bundles["bad"], {})
    assert evaluate(registry, first, pairs)[0].evaluation_set.judged == 1
    second = registry.register(bundles["good"], {})
    assert evaluate(registry, second, pairs)[0].evaluation_set.judged == 2
    assert evaluate(registry, first, pairs)[0].evaluation_set.judged == 1


def test_metrics_have_stable_names(registry, bundles, pairs):
    crown(registry, registry.register(bundles["bad"], {}))
    _, made = evaluate(registry, registry.register(bundles["good"], {}), pairs)
    metrics = made["evaluation_metrics"]
    assert metrics["accuracy"] == {"value": pytest.approx(0.9), "step": 0}
    assert metrics["champion_accuracy"]["value"] == pytest.approx(0.75)
    assert metrics["difference_accuracy"]["value"] == pytest.approx(0.15)
    for name in (
        *("macro_f1_lower", "log_loss", "brier_upper", "entailment_f1", "champion_neutral_recall"),
        *("ece", "aurc", "mcnemar_p", "temperature", "overlap_exact", "slice_label_neutral"),
        *("slice_label_neutral_difference", "hypothesis_only_accuracy"),
    ):
        assert name in metrics, name
    assert all(set(item) == {"value", "step"} for item in metrics.values())
    assert all(name.replace("_", "").isalnum() for name in metrics)


@pytest.mark.parametrize("with_champion, models", [(False, 1), (True, 2)])
def test_plots_show_the_figures(registry, bundles, pairs, with_champion, models):
    if with_champion:
        crown(registry, registry.register(bundles["bad"], {}))
    evidence, made = evaluate(
        registry, registry.register(bundles["good"], {}), pairs, stress={"rows": 60}
    )
    confusion = made["confusion_plot"]
    assert len(confusion.data) == models
    diagonal = [confusion.data[0].z[row][row] for row in range(3)]
    assert diagonal == pytest.approx(
        [evidence.candidate_measures.classes[label].recall.estimate for label in LABELS]
    )
    drawn = made["metrics_plot"]
    assert drawn.data[0].x[0] == pytest.approx(90)
    assert {trace.name for trace in drawn.data} == set(["candidate", "champion"][:models])
    assert len(made["classes_plot"].data) == 3 * models
    assert len(made["reliability_plot"].data) == 1 + models
    assert len(made["coverage_plot"].data) == models
    assert made["coverage_plot"].data[0].y[-1] == pytest.approx(90)
    assert len(made["slices_plot"].data[0].y) == len(evidence.slices)
    assert list(made["stress_plot"].data[0].x) == sorted(made["stress_plot"].data[0].x)
    assert len(made["stress_plot"].data[0].y) == len(evidence.stress) > 0
    shown = made["differences_plot"].data
    assert [round(x, 6) for trace in shown for x in trace.x][:1] == (
        [15.0] if with_champion else []
    )


def test_plots_without_parts_are_drawn(registry, bundles, pairs):
    _, made = evaluate(
        registry, registry.register(bundles["good"], {}), pairs.head(9), stress={"rows": 0}
    )
    assert len(made["slices_plot"].data[0].y) == len(made["stress_plot"].data[0].y) == 0
    assert "none was measured" in made["stress_plot"].layout.title.text
