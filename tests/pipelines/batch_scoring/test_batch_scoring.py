"""Every row is scored once, by one version, whatever is killed, changed or promoted meanwhile."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from threading import Event

import numpy as np
import pandas as pd
import pytest
from scoring_run import (
    ScoringRun,
    finished,
    promoted,
    quarantine,
    registry_with,
    scores,
    start,
    tiny_bundle,
    write_pairs,
)

from nli_lifecycle.engines.table import EngineError
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.nli.bundle import Bundle, BundleError
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.scoring import running
from nli_lifecycle.scoring.answers import ANSWER
from nli_lifecycle.scoring.output import ScoringError


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    return [tiny_bundle(tmp_path_factory.mktemp("bundle"), seed) for seed in (0, 1)]


@pytest.fixture
def registry(bundles: list[Bundle], tmp_path: Path) -> InMemoryRegistry:
    return registry_with(bundles[0], tmp_path / "registry")


@pytest.fixture
def run(registry: InMemoryRegistry, tmp_path: Path) -> ScoringRun:
    return ScoringRun(tmp_path, registry)


def test_answers_are_the_bundles_and_say_whose_they_are(
    run: ScoringRun, bundles: list[Bundle], tmp_path: Path
) -> None:
    path = write_pairs(tmp_path / "in.parquet", 250, region="north", label="x")
    report = run(path, portion_rows=100, workers=3)
    found = scores(report).sort_values("place", key=lambda p: p.str.split(":").str[1].astype(int))
    pairs = pd.read_parquet(path)
    expected = Classifier.load(bundles[0].payload).predict_proba(
        pairs["premise"], pairs["hypothesis"]
    )
    shares = found[["p_entailment", "p_neutral", "p_contradiction"]].to_numpy()
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert list(found.columns) == [*ANSWER, "region", "input_label"]
    assert found["pair_id"].tolist() == pairs["id"].tolist()
    labels = np.array(["entailment", "neutral", "contradiction"])[expected.argmax(axis=1)]
    assert found["label"].tolist() == labels.tolist()
    (said,) = found[[name for name in ANSWER if name.startswith("model")]].value_counts().index
    assert said == ("prod.nli.classifier", "1", bundles[0].digest[:12], 1)
    assert found["scored_at"].nunique() == 1 and str(found["scored_at"].dt.tz) == "UTC"
    assert found["region"].eq("north").all() and found["input_label"].eq("x").all()
    manifest = json.loads((Path(report.output) / "_SUCCESS.json").read_text())
    assert (manifest["rows_read"], manifest["rows_scored"], manifest["portions"]) == (250, 250, 3)
    assert manifest["release"]["digest"] == bundles[0].digest
    assert sum(manifest["labels"].values()) == 250


def test_readers_of_partitioned_parquet_find_the_answers(run: ScoringRun, tmp_path: Path) -> None:
    report = run(write_pairs(tmp_path / "in.parquet", 30), portion_rows=10)
    found = pd.read_parquet(Path(report.output) / "scores")
    assert len(found) == 30 and found["portion"].nunique() == 3


def test_bad_rows_are_set_aside_and_counted(run: ScoringRun, tmp_path: Path) -> None:
    lines = [{"id": n, "premise": "the dog runs", "hypothesis": "some dog"} for n in range(6)]
    lines += [{"id": "same", "premise": "p", "hypothesis": "h"}] * 2
    lines += [{"id": 8, "premise": None, "hypothesis": "h"}, {"id": 9, "premise": "p" * 60}]
    lines += [{"id": 10, "premise": "p" * 60, "hypothesis": "h"}, {"premise": [], "hypothesis": ""}]
    lines += [{"id": 12, "premise": "\ud800", "hypothesis": "h"}]
    lines += [{"id": 13, "premise": "\x00\u202e\U0001f469\u200d\U0001f52c", "hypothesis": "İß"}]
    path = tmp_path / "in.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n{broken\n")
    report = run(path, source="jsonl", max_characters=50, portion_rows=4)
    manifest = report.manifest
    assert (manifest.rows_read, manifest.rows_scored, manifest.rows_quarantined) == (15, 9, 6)
    assert manifest.quarantined == {
        "empty_text": 2,
        "too_long": 1,
        "wrong_type": 1,
        "invalid_unicode": 1,
        "invalid_json": 1,
    }
    aside = quarantine(report).set_index("place")
    assert aside.loc["in.jsonl:9", ["pair_id", "reason"]].tolist() == ["8", "empty_text"]
    assert aside.loc["in.jsonl:11", "detail"] == "60 characters, limit 50"
    assert sorted(scores(report)["pair_id"]) == ["0", "1", "13", "2", "3", "4", "5", "same", "same"]
    metrics = {name: value["value"] for name, value in run.made["scoring_metrics"].items()}
    assert metrics["scoring/rows_quarantined"] == 6
    assert metrics["scoring/quarantined_too_long"] == 1
    assert sum(v for k, v in metrics.items() if k.startswith("scoring/share_")) == pytest.approx(1)


def test_no_rows_are_no_error(run: ScoringRun, tmp_path: Path) -> None:
    report = run(write_pairs(tmp_path / "in.parquet", 0, region="x"))
    assert (report.manifest.rows_read, report.manifest.rows_scored) == (0, 0)
    assert list(scores(report).columns) == [*ANSWER, "region"]
    assert run.made["scoring_metrics"]["scoring/share_neutral"]["value"] == 0


def test_the_same_again_does_nothing(run: ScoringRun, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30)
    first, second = run(path), run(path)
    assert (first.rows_new, second.rows_new) == (30, 0)
    assert second.manifest == first.manifest


def test_changed_pairs_and_another_model_go_elsewhere(
    run: ScoringRun, registry: InMemoryRegistry, bundles: list[Bundle], tmp_path: Path
) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30)
    first = run(path)
    promoted(registry, bundles[1])
    second = run(path)
    write_pairs(path, 31)
    third = run(path)
    assert len({first.output, second.output, third.output}) == 3
    assert [len(scores(report)) for report in (first, second, third)] == [30, 30, 31]
    assert set(scores(first)["model_version"]) == {"1"}
    assert set(scores(second)["model_version"]) == {"2"}
    assert set(scores(second)["model_epoch"]) == {2}
    assert scores(first)["p_neutral"].iloc[0] != scores(second)["p_neutral"].iloc[0]
    by_hand = run(path, version="1")
    assert set(scores(by_hand)[["model_version", "model_epoch"]].itertuples(index=False)) == {
        ("1", 2)
    }


def test_a_promotion_meanwhile_changes_nothing(
    run: ScoringRun, registry: InMemoryRegistry, bundles: list[Bundle], tmp_path: Path
) -> None:
    run.start(write_pairs(tmp_path / "in.parquet", 40), portion_rows=10)
    promoted(registry, bundles[1])
    found = scores(run.go_on())
    assert set(found["model_digest"]) == {bundles[0].digest[:12]}
    assert set(found["model_epoch"]) == {1}


class _Tired(running.ScoreHere):
    """Fails once so many portions were begun."""

    left = 2

    def __call__(self, portion: object, folder: Path, stop: Event) -> None:
        if not self.left:
            raise OSError("no more")
        self.left -= 1
        super().__call__(portion, folder, stop)


def test_what_failed_goes_on_where_it_stopped(
    run: ScoringRun, registry: InMemoryRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_pairs(tmp_path / "in.parquet", 55)
    with monkeypatch.context() as patch:
        patch.setattr("nli_lifecycle.pipelines.batch_scoring.nodes.ScoreHere", _Tired)
        with pytest.raises(OSError, match="no more"):
            run(path, portion_rows=10, workers=1)
    (output,) = run.scores.folder.iterdir()
    assert not (output / "_SUCCESS.json").exists()
    left = sorted(path.name for path in (output / "scores").iterdir())
    assert left == ["portion=00000-00000", "portion=00000-00001"]
    promoted(registry, _same_bytes_again(registry))  # epoch 2, the same model
    report = run(path, portion_rows=10)
    assert report.rows_new == 35
    found = scores(report)
    assert sorted(found["pair_id"]) == sorted(f"r{n}" for n in range(55))
    assert found["scored_at"].nunique() == 1 and set(found["model_epoch"]) == {1}


def _same_bytes_again(registry: InMemoryRegistry) -> Bundle:
    (ref,) = registry.versions()
    return registry.fetch(ref)


def test_half_a_portion_is_done_again(run: ScoringRun, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30)
    output = Path(run(path, portion_rows=10).output)
    shutil.rmtree(output / "scores/portion=00000-00001")
    (output / "scores/portion=00000-00001").mkdir()
    (output / "scores/.portion=00000-00001-left").mkdir()
    report = run(path, portion_rows=10)
    assert report.rows_new == 10 and len(scores(report)) == 30
    assert not list(output.glob("scores/.*"))


def test_a_folder_of_other_answers_is_left_alone(run: ScoringRun, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30)
    output = Path(run(path).output)
    begun = json.loads((output / "_begun.json").read_text())
    (output / "_begun.json").write_text(json.dumps(begun | {"input": "0" * 64}))
    before = sorted(output.rglob("*"))
    with pytest.raises(ScoringError, match="answers to other pairs, 0000.*Nothing was written"):
        run(path)
    (output / "_begun.json").write_text("{}")
    with pytest.raises(ScoringError, match="is in the way"):
        run(path)
    assert sorted(output.rglob("*")) == before
    (output / "_begun.json").unlink()
    with pytest.raises(ScoringError, match="does not say whose it is"):
        run(path)


def test_rows_that_do_not_add_up_are_not_called_complete(run: ScoringRun, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30)
    output = Path(run(path).output)
    (output / "_SUCCESS.json").unlink()
    ingest = run.made["scoring_input"]
    part = ingest.parts[0].model_copy(update={"rows": 31})
    run.made["scoring_input"] = ingest.model_copy(update={"parts": (part,)})
    with pytest.raises(ScoringError, match="31 rows read, but 30 scored . 0 quarantined"):
        run._node("score_pairs")
    assert not (output / "_SUCCESS.json").exists()


def test_a_bundle_that_was_altered_scores_nothing(
    run: ScoringRun, bundles: list[Bundle], tmp_path: Path
) -> None:
    run.start(write_pairs(tmp_path / "in.parquet", 30))
    folder = Path(shutil.copytree(bundles[1].path, tmp_path / "altered"))
    run.made["scoring_bundle"] = Bundle(folder, bundles[0].digest, {})
    with pytest.raises(BundleError, match="holds the bundle"):
        run.go_on()
    (folder / "artifacts/bundle/model.onnx").write_bytes(b"x")
    with pytest.raises(BundleError, match="was altered"):
        run.go_on()
    assert not list(run.scores.folder.glob("*/scores"))


def test_tables_need_spark(run: ScoringRun) -> None:
    with pytest.raises(EngineError, match="source: table main.x is read with engine: spark only"):
        run("main.x", source="table")


@pytest.mark.slow
def test_killed_and_run_again_every_row_is_there_once(
    bundles: list[Bundle], tmp_path: Path
) -> None:
    path = write_pairs(tmp_path / "in.parquet", 30_000)
    process = start(tmp_path, bundles[0], path, portion_rows=500, workers=2)
    deadline = time.monotonic() + 120
    while len(before := list(tmp_path.glob("scores/*/scores/portion=*"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {folder: (folder / "part-00000.parquet").stat().st_mtime_ns for folder in before}
    report = finished(start(tmp_path, bundles[0], path, portion_rows=500, workers=2))
    assert 0 < report.rows_new <= 30_000 - 3 * 500
    found = scores(report)
    assert sorted(found["pair_id"]) == sorted(f"r{n}" for n in range(30_000))
    assert found["scored_at"].nunique() == 1
    for folder, written in kept.items():
        assert (folder / "part-00000.parquet").stat().st_mtime_ns == written
    assert not list(tmp_path.glob("scores/*/scores/.*"))
