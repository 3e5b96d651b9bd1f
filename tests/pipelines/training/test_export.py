"""What training.long_premises says reaches the model that MLflow loads."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import pytest
from tiny_bundle import PAIRS, make_tiny_checkpoint

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.parameters import ExportParameters, TrainingParameters
from nli_lifecycle.pipelines.training import nodes
from nli_lifecycle.pipelines.training.start import Start

EXPORT = ExportParameters(int8=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_checkpoint(tmp_path_factory.mktemp("export") / "checkpoint")


def _bundle(checkpoint: Path, store: Path, training: TrainingParameters) -> Bundle:
    return nodes.export_bundle(
        KeyedStore(store), "key", "d1", str(checkpoint), Start(checkpoint), PAIRS, PAIRS,
        training, EXPORT,
    )  # fmt: skip


@pytest.mark.parametrize("long_premises", ["cut", "windows"])
def test_only_windows_read_the_end_of_a_premise(
    checkpoint: Path, tmp_path: Path, long_premises: str
) -> None:
    training = TrainingParameters(
        max_length=32, window_overlap=8, long_premises=long_premises  # type: ignore[arg-type]
    )
    model = mlflow.pyfunc.load_model(str(_bundle(checkpoint, tmp_path, training).path))
    start, ends = "the dog runs outside and " * 20, ["nobody sleeps", "three red cats"]
    asked = PAIRS.head(2).assign(premise=[start + end for end in ends], hypothesis="a cat")
    answers = model.predict(asked[["premise", "hypothesis"]])
    columns = ["p_entailment", "p_neutral", "p_contradiction"]
    apart = np.abs(np.diff(answers[columns].to_numpy(), axis=0)).max()
    assert apart > 1e-3 if long_premises == "windows" else apart == 0
