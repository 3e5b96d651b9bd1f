"""The study's key, the plots, and what the pipeline may see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ready_study import report, trial
from tiny_encoder import make_tiny_encoder
from tuning_run import SPACE, TRAINING, tuning

from nli_lifecycle.datasets.studies import SCHEMA, Studies, StudiesDataset
from nli_lifecycle.nli.tuning.trial import TuningError
from nli_lifecycle.nli.training.encoders import locate_encoder
from nli_lifecycle.parameters import TrainingParameters, TuningParameters
from nli_lifecycle.pipeline_registry import register_pipelines
from nli_lifecycle.pipelines.training.start import Start
from nli_lifecycle.pipelines.tuning import create_pipeline, nodes, plots


@pytest.fixture
def training(tmp_path: Path) -> TrainingParameters:
    encoder = make_tiny_encoder(tmp_path / "encoder")
    return TRAINING.model_copy(update={"encoder": str(encoder)})


def _identify(version: str, training: TrainingParameters, wanted: TuningParameters) -> str:
    return nodes.identify_study(version, Start(locate_encoder(training)), training, wanted)


def test_no_node_of_tuning_sees_a_test_pair() -> None:
    seen = create_pipeline().datasets()
    assert {"train_pairs", "validation_pairs"} <= seen
    assert not {name for name in seen if "test" in name or "evaluation" in name}


def test_tune_and_release_judges_what_tuning_made() -> None:
    whole = register_pipelines()["tune_and_release"]
    assert whole.only_nodes_with_outputs("candidate").nodes[0].inputs[-1] == "tuning_tags"
    (trained,) = [node for node in whole.nodes if node.name == "train_model"]
    assert "best_training" in trained.inputs and "params:training" not in trained.inputs
    assert "test_pairs" in whole.datasets() and "release_record" in whole.outputs()


def test_how_a_sweep_is_run_does_not_change_its_study(training: TrainingParameters) -> None:
    keys = {
        _identify("d1", training, tuning(**changes))
        for changes in (
            {},
            {"trials": 99, "workers": 4, "timeout_minutes": 1, "seed": 5},
            {"pruning": {"enabled": True}},
        )
    }
    # What the winner's file sets is tuned anyway.
    keys.add(_identify("d1", training.model_copy(update={"epochs": 9}), tuning()))
    (key,) = keys
    assert len(key) == 16 and int(key, 16) >= 0


def test_what_makes_scores_incomparable_is_another_study(
    training: TrainingParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_space = {**SPACE, "epochs": {"low": 1, "high": 4}}
    keys = [
        _identify("d1", training, tuning()),
        _identify("d2", training, tuning()),
        _identify("d1", training.model_copy(update={"batch_size": 8}), tuning()),
        _identify("d1", training, tuning(space=other_space)),
        _identify("d1", training, tuning(train_rows=100)),
        _identify("d1", training, tuning(train_rows=100, seed=5)),
    ]
    make_tiny_encoder(Path(training.encoder), seed=1)
    keys.append(_identify("d1", training, tuning()))
    monkeypatch.setattr(nodes, "code_version", lambda parts: "another")
    keys.append(_identify("d1", training, tuning()))
    assert len(set(keys)) == len(keys)


def test_without_optuna_the_first_node_says_so(
    training: TrainingParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(TuningError, match=r"pip install 'nli-lifecycle\[tuning\]'"):
        _identify("d1", training, tuning())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:////home/mlflow.db", None),
        ("http://127.0.0.1:5000", None),
        ("databricks", None),
        ("postgresql+psycopg2://u@h/db", Studies("postgresql+psycopg2://u@h/db", SCHEMA)),
    ],
)
def test_studies_lie_where_the_store_lets_them(
    address: str, expected: Studies | None, tmp_path: Path
) -> None:
    file = tmp_path / "models" / "studies.db"
    found = StudiesDataset(filepath=str(file), tracking_uri=address).load()
    assert found == (expected or Studies(f"sqlite:///{file}"))


def test_choosing_takes_the_best_over_into_the_training() -> None:
    best, tags = nodes.choose_best(report(), TRAINING, tuning())
    changed = {"epochs": 2, "learning_rate": 1.23e-5, "weight_decay": 0.0123}
    assert best == TRAINING.model_copy(update=changed)
    assert tags == {"tuning_trials": "3", "tuning_study": "0123456789abcdef"}


# ---- plots


def names(figure: Any) -> dict[str, list[Any]]:
    return {trace.name: list(trace.y) for trace in figure.data}


def test_history_shows_scores_pruned_trials_and_the_best_so_far() -> None:
    figure = plots.plot_history(report())
    assert names(figure) == {
        "pruned": [0.4],
        "complete": [0.75],
        "best": [0.8123],
        "best so far": [0.75, 0.8123],
    }
    assert "2 complete, 1 pruned, 1 failed" in figure.layout.title.text


def test_parameters_are_drawn_most_important_first() -> None:
    figure = plots.plot_parameters(report())
    titles = [note.text for note in figure.layout.annotations]
    assert titles == ["learning_rate (70%)", "epochs (30%)", "weight_decay"]
    assert [figure.layout[axis].type for axis in ("xaxis", "xaxis2")] == ["log", "linear"]


def test_choices_are_drawn_in_their_order() -> None:
    space = {"batch_size": {"choices": [64, 8]}}
    trials = tuple(trial(n, parameters={"batch_size": b}) for n, b in enumerate((8, 64)))
    few = report(space=space, trials=trials, best=trials[0], importance=None)
    axis = plots.plot_parameters(few).layout.xaxis
    assert (axis.type, axis.categoryarray) == ("category", ("64", "8"))


def test_curves_have_one_line_a_trial_and_the_best_on_top() -> None:
    figure = plots.plot_curves(report())
    assert [(line.name, len(line.y)) for line in figure.data] == [
        ("pruned", 1),
        ("complete", 2),
        ("best", 2),
    ]
