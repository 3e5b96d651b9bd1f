"""Evaluation on models that answer by a known rule, so that every figure is known beforehand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from ready_evidence import POLICY
from sealed_folder import answering_bundle, sealed_folder

from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.predictions import PREDICTION_COLUMNS, PredictionError
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.pipelines.evaluation.nodes import (
    fetch_candidate,
    fetch_champion,
    measure_evidence,
    predict_candidate,
    predict_champion,
)
from nli_lifecycle.pipelines.evaluation.reporting import (
    list_metrics,
    plot_classes,
    plot_confusion,
    plot_metrics,
)

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


def evaluate(registry, candidate, pairs):
    """Run the nodes in the pipeline's order."""
    bundle = fetch_candidate(registry, candidate)
    champion = fetch_champion(registry, candidate, bundle)
    ours = predict_candidate(candidate, bundle, pairs)
    theirs = predict_champion(champion, candidate, ours, pairs)
    return measure(pairs, candidate, champion, ours, theirs), ours, theirs


def measure(pairs, candidate, champion, ours, theirs):
    return measure_evidence(
        environment="dev",
        source="sample",
        candidate=candidate,
        champion=champion,
        test_pairs=pairs,
        candidate_predictions=ours,
        champion_predictions=theirs,
        evaluation=EvaluationParameters(resamples=400),
        policy=POLICY,
    )


@pytest.fixture
def judged(registry, bundles, pairs):
    """A candidate without a champion: version, predictions."""
    candidate = registry.register(bundles["good"], {})
    return candidate, predict_candidate(candidate, bundles["good"], pairs)


def test_a_bundle_that_does_not_load_is_named(registry, bundles, pairs):
    candidate = registry.register(bundles["broken"], {})
    with pytest.raises(PredictionError, match=r"version 1 \(.*\) cannot be evaluated"):
        predict_candidate(candidate, bundles["broken"], pairs)


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
        measure(pairs, candidate, Incumbent(), damage(predictions), predictions.iloc[:0])


def test_repeated_pair_ids_are_refused(judged, pairs):
    candidate, predictions = judged
    twice = pairs.assign(pair_id=["p0", "p0", *pairs["pair_id"][2:]])
    with pytest.raises(PredictionError, match="Pair id p0 occurs twice"):
        measure(twice, candidate, Incumbent(), predictions, predictions.iloc[:0])


def test_the_first_candidate_is_measured_alone(registry, bundles, pairs):
    candidate = registry.register(bundles["good"], {})
    evidence, ours, theirs = evaluate(registry, candidate, pairs)

    assert list(ours.columns) == PREDICTION_COLUMNS
    assert ours["label"].tolist() == pairs["label"].tolist()
    assert (ours["predicted"] == ours["label"]).mean() == pytest.approx(0.9)
    assert len(theirs) == 0 and list(theirs.columns) == PREDICTION_COLUMNS
    assert evidence.candidate == candidate
    assert evidence.champion is evidence.champion_measures is evidence.differences is None
    assert evidence.candidate_measures.accuracy.estimate == pytest.approx(0.9)
    assert sum(map(sum, evidence.candidate_measures.confusion)) == ROWS
    assert evidence.evaluation_set.rows == ROWS
    assert evidence.policy_hash == POLICY.content_hash()


def test_a_candidate_is_compared_with_the_champion_on_the_same_pairs(registry, bundles, pairs):
    champion = registry.register(bundles["bad"], {})
    registry.point("champion", champion)
    candidate = registry.register(bundles["good"], {})
    evidence, _, theirs = evaluate(registry, candidate, pairs)

    assert evidence.champion == champion
    assert theirs["pair_id"].tolist() == pairs["pair_id"].tolist()
    assert evidence.champion_measures.accuracy.estimate == pytest.approx(0.75)
    assert evidence.differences["accuracy"].estimate == pytest.approx(0.15)
    assert evidence.differences["accuracy"].lower > 0


def test_the_champions_own_bytes_are_predicted_once_and_differ_by_nothing(
    registry, bundles, pairs, monkeypatch
):
    champion = registry.register(bundles["good"], {})
    registry.point("champion", champion)
    loads = []
    import mlflow.pyfunc

    load = mlflow.pyfunc.load_model
    monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda uri: loads.append(uri) or load(uri))
    evidence, _, _ = evaluate(registry, champion, pairs)
    assert len(loads) == 1
    assert evidence.champion.digest == evidence.candidate.digest
    assert set(evidence.differences["accuracy"].__dict__.values()) == {0.0}


def test_the_evaluation_set_is_known_by_its_texts_and_labels(judged, pairs):
    candidate, predictions = judged
    nobody, none = Incumbent(), predictions.iloc[:0]

    def fingerprint(pairs, predictions):
        return measure(pairs, candidate, nobody, predictions, none).evaluation_set.fingerprint

    first = fingerprint(pairs, predictions)
    assert fingerprint(pairs.iloc[::-1], predictions.iloc[::-1]) == first
    relabelled = pairs.assign(label=["neutral", *pairs["label"][1:]])
    assert fingerprint(relabelled, predictions) != first


def test_the_same_measurement_is_the_same_evidence(judged, pairs):
    candidate, predictions = judged
    none = predictions.iloc[:0]
    first = measure(pairs, candidate, Incumbent(), predictions, none)
    assert measure(pairs, candidate, Incumbent(), predictions, none) == first


def test_metrics_have_stable_names(registry, bundles, pairs):
    registry.point("champion", registry.register(bundles["bad"], {}))
    evidence, _, _ = evaluate(registry, registry.register(bundles["good"], {}), pairs)
    metrics = list_metrics(evidence)
    assert metrics["accuracy"] == {"value": pytest.approx(0.9), "step": 0}
    assert metrics["champion_accuracy"]["value"] == pytest.approx(0.75)
    assert metrics["difference_accuracy"]["value"] == pytest.approx(0.15)
    for name in ("macro_f1_lower", "log_loss", "entailment_f1", "champion_neutral_recall"):
        assert name in metrics
    assert all(set(item) == {"value", "step"} for item in metrics.values())


@pytest.mark.parametrize("with_champion, models", [(False, 1), (True, 2)])
def test_plots_show_the_figures(registry, bundles, pairs, with_champion, models):
    if with_champion:
        registry.point("champion", registry.register(bundles["bad"], {}))
    evidence, _, _ = evaluate(registry, registry.register(bundles["good"], {}), pairs)

    confusion = plot_confusion(evidence)
    assert len(confusion.data) == models
    diagonal = [confusion.data[0].z[row][row] for row in range(3)]
    assert diagonal == pytest.approx(
        [evidence.candidate_measures.classes[label].recall.estimate for label in LABELS]
    )
    quality = plot_metrics(evidence)
    assert quality.data[0].x[0] == pytest.approx(90)
    assert {trace.name for trace in quality.data} == set(["candidate", "champion"][:models])
    assert len(plot_classes(evidence).data) == 3 * models
