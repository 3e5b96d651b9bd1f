"""Evidence that is found by its hash where its file is not."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import pytest
from kedro.io.core import DatasetError
from ready_evidence import evidence

from nli_lifecycle.datasets.filed import FiledDocumentDataset
from nli_lifecycle.lifecycle.evidence import Evidence

pytest_plugins = ["ready_registries"]


@pytest.fixture
def filed(store: str, tmp_path: Path):
    """Evidence filed by a run, and a function that gives a dataset on another machine."""
    mlflow.set_tracking_uri(store)
    mlflow.create_experiment("nli-prod", str(tmp_path / "artifacts"))
    mlflow.set_experiment("nli-prod")
    found = evidence()

    def elsewhere(asked: str | None) -> FiledDocumentDataset:
        return FiledDocumentDataset(
            filepath=str(tmp_path / "elsewhere" / "evidence.json"),
            model="nli_lifecycle.lifecycle.evidence.Evidence",
            artifact_path="evaluation",
            experiment="nli-prod",
            tracking_uri=store,
            evidence=asked,
        )

    here = FiledDocumentDataset(
        filepath=str(tmp_path / "here" / "evidence.json"),
        model="nli_lifecycle.lifecycle.evidence.Evidence",
        artifact_path="evaluation",
        experiment="nli-prod",
        tracking_uri=store,
    )
    with mlflow.start_run():
        here.save(found)
    return found, here, elsewhere, tmp_path


def test_without_a_file_the_error_says_how_to_name_the_evidence(filed):
    _, _, elsewhere, _ = filed
    with pytest.raises(DatasetError, match="--params evidence=<its hash>"):
        elsewhere(None).load()


@pytest.mark.parametrize("asked", ["abc", "z" * 64, "%" * 12, "' OR 1=1 --   "])
def test_what_is_no_hash_is_refused(filed, asked):
    _, _, elsewhere, _ = filed
    with pytest.raises(DatasetError, match="12 to 64 hexadecimal digits"):
        elsewhere(asked).load()


def test_an_unknown_hash_is_refused(filed):
    _, _, elsewhere, _ = filed
    with pytest.raises(DatasetError, match="No run of experiment nli-prod filed evidence 0000"):
        elsewhere("0" * 64).load()


def test_altered_evidence_is_refused(filed):
    found, _, elsewhere, folder = filed
    (path,) = (folder / "artifacts").rglob("evidence.json")
    content = json.loads(path.read_text())
    content["candidate_measures"]["accuracy"]["estimate"] = 0.99
    path.write_text(json.dumps(content))
    with pytest.raises(DatasetError, match="was altered"):
        elsewhere(found.content_hash()).load()


@pytest.mark.parametrize("digits", [12, 64])
def test_evidence_is_found_by_its_hash(filed, digits):
    found, here, elsewhere, _ = filed
    loaded = elsewhere(found.content_hash()[:digits]).load()
    assert isinstance(loaded, Evidence) and loaded == found == here.load()


def test_without_a_run_only_the_file_is_written(filed):
    found, here, _, folder = filed
    before = list((folder / "artifacts").rglob("evidence.json"))
    here.save(found)
    assert list((folder / "artifacts").rglob("evidence.json")) == before
    assert here.load() == found
