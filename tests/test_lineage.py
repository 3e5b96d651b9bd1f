"""What a run loads is among its MLflow inputs: name, digest, source, rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pandas as pd
import pytest

from nli_lifecycle.lineage import MOST_PARTS, LineageHook, describe
from nli_lifecycle.nli.data.ingest import Ingest, LandedPart

PAIRS = pd.DataFrame({"fingerprint": ["b", "a"], "label": ["neutral", "entailment"]})


def _ingest(parts: int, content: str = "c") -> Ingest:
    landed = tuple(
        LandedPart(
            number=number,
            key=f"k{number}",
            source="csv",
            name=f"{number}.csv",
            origin=f"/raw/{number}.csv",
            stamp="10 bytes, 5 ns",
            content=f"{content}{number}",
            rows=3,
        )
        for number in range(parts)
    )
    return Ingest(source="csv", keep=(), parts=landed, rows_new=0, rows_known=3 * parts)


def test_pairs_are_known_by_their_content_in_any_order() -> None:
    (rows,) = describe("train_pairs", "/data/train_pairs", PAIRS)
    assert (rows.name, rows.profile["num_rows"]) == ("train_pairs", 2)
    assert describe("train_pairs", "", PAIRS[::-1])[0].digest == rows.digest
    relabelled = PAIRS.assign(label="neutral")
    assert describe("train_pairs", "", relabelled)[0].digest != rows.digest


def test_each_file_is_named_and_many_files_have_one_digest() -> None:
    few = describe("ingest", "", _ingest(2))
    assert [rows.name for rows in few] == ["csv: 0.csv", "csv: 1.csv"]
    assert few[0].profile == {"num_rows": 3, "version": "10 bytes, 5 ns", "content": "c0"}
    (many,) = describe("ingest", "", _ingest(MOST_PARTS + 1))
    assert many.profile == {"num_rows": 3 * (MOST_PARTS + 1), "files": MOST_PARTS + 1}
    assert describe("ingest", "", _ingest(MOST_PARTS + 1, "d"))[0].digest != many.digest


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[LineageHook]:
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    hook = LineageHook()
    hook.after_catalog_created(
        {
            "train_pairs": {"filepath": "/data/train_pairs", "metadata": {"lineage": "training"}},
            "quarantine": {"filepath": "/data/quarantine", "metadata": {"kedro-viz": {}}},
            "plain": {"filepath": "/x"},
        }
    )
    yield hook
    mlflow.set_tracking_uri(None)
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def test_a_run_lists_what_it_loaded_once(hook: LineageHook) -> None:
    with mlflow.start_run() as run:
        for name in ("train_pairs", "train_pairs", "quarantine", "plain"):
            hook.after_dataset_loaded(name, PAIRS)
    (used,) = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert (used.dataset.name, used.tags[0].value) == ("train_pairs", "training")
    assert "/data/train_pairs" in used.dataset.source
    assert '"num_rows": 2' in used.dataset.profile


def test_without_a_run_nothing_is_logged(hook: LineageHook) -> None:
    hook.after_dataset_loaded("train_pairs", PAIRS)
    assert mlflow.active_run() is None
