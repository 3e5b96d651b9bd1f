"""Spark of each kind gives what the pandas engine gives, to workers without package or bundle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scoring_run import ScoringRun, finished, quarantine, registry_with, scores, start
from scoring_run import tiny_bundle, write_pairs
from spark_servers import spark_home

from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.scoring.documents import ScoringReport

pytest_plugins = ["spark_servers"]
pytestmark = pytest.mark.slow

SHARES = ["p_entailment", "p_neutral", "p_contradiction"]
HOW = {"portion_rows": 700, "max_characters": 200}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    spark_home()
    return tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parquet with awkward texts, doubled ids, rows that cannot be scored, and many types."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.parquet"
    frame = pd.read_parquet(write_pairs(path, 1_500))
    frame.loc[3:8, "premise"] = [
        "\x00",
        "\u202e",
        "e\u0301",
        "\U0001f469\u200d\U0001f52c",
        "İß",
        "nan",
    ]
    frame.loc[10:12, "premise"] = [None, "", "p" * 201]
    frame.loc[20:25, "id"] = "same"
    frame.loc[30, "id"] = None
    frame["local"] = pd.date_range("2026-01-01", periods=1_500, freq="min")
    frame["when"] = pd.date_range("2026-01-01", periods=1_500, freq="min", tz="Europe/Zurich")
    frame["n"] = np.arange(1_500, dtype="uint32")
    frame["x"] = [None, *np.linspace(0, 1, 1_499)]
    frame["tags"] = [["a", None]] * 1_500
    frame["kind.of"] = pd.Categorical(["\u2028"] * 1_500)
    frame["label"] = True
    frame.to_parquet(path, index=False)
    return path


@pytest.fixture(scope="module")
def by_pandas(
    bundle: Bundle, pairs: Path, tmp_path_factory: pytest.TempPathFactory
) -> ScoringReport:
    home = tmp_path_factory.mktemp("pandas")
    return ScoringRun(home, registry_with(bundle, home / "registry"))(pairs, **HOW)


def _same(report: ScoringReport, other: ScoringReport) -> None:
    left, right = scores(report), scores(other)
    said = [*SHARES, "scored_at"]
    assert left["scored_at"].dtype == right["scored_at"].dtype
    pd.testing.assert_frame_equal(left.drop(columns=said), right.drop(columns=said))
    np.testing.assert_allclose(left[SHARES], right[SHARES], atol=1e-6)
    pd.testing.assert_frame_equal(quarantine(report), quarantine(other))
    same = {"input", "rows_read", "rows_scored", "quarantined", "labels", "portions"}
    assert report.manifest.model_dump(include=same) == other.manifest.model_dump(include=same)
    assert len(left) == 1_497


def test_local(bundle: Bundle, pairs: Path, by_pandas: ScoringReport, tmp_path: Path) -> None:
    _same(finished(start(tmp_path, bundle, pairs, "spark", **HOW)), by_pandas)


def test_connect(
    bundle: Bundle,
    pairs: Path,
    by_pandas: ScoringReport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    connect_server: str,
) -> None:
    monkeypatch.setenv("SPARK_REMOTE", connect_server)
    _same(finished(start(tmp_path, bundle, pairs, "spark", **HOW)), by_pandas)


def test_standalone_cluster(
    bundle: Bundle,
    pairs: Path,
    by_pandas: ScoringReport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    standalone_cluster: tuple[str, str],
) -> None:
    address, python = standalone_cluster
    monkeypatch.setenv("SPARK_MASTER", address)
    monkeypatch.setenv("PYSPARK_PYTHON", python)
    _same(finished(start(tmp_path, bundle, pairs, "spark", **HOW)), by_pandas)


def test_killed_and_run_again_every_row_is_there_once(bundle: Bundle, tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "in.parquet", 2_000)
    how = {"portion_rows": 250, "workers": 2}
    process = start(tmp_path, bundle, path, "spark", **how)
    deadline = time.monotonic() + 120
    while len(before := list(tmp_path.glob("scores/*/scores/portion=*"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = {file: file.stat().st_mtime_ns for folder in before for file in folder.glob("*.parquet")}
    report = finished(start(tmp_path, bundle, path, "spark", **how))
    assert 0 < report.rows_new <= 2_000 - 2 * 250
    found = scores(report)
    assert sorted(found["pair_id"]) == sorted(f"r{n}" for n in range(2_000))
    assert found["scored_at"].nunique() == 1
    assert kept == {file: file.stat().st_mtime_ns for file in kept}
    assert not list(tmp_path.glob("scores/*/scores/.*"))


TABLE = """
import json, sys
from pathlib import Path
from scoring_run import *
home, path = Path(sys.argv[1]), sys.argv[3]
options = {"spark.ui.enabled": "false", "spark.driver.memory": "1g"}
engine = EngineDataset(engine="spark", master="local[2]", options=options).load()
engine.session.conf.set("spark.sql.legacy.parquet.nanosAsLong", "true")
rows = engine.session.read.parquet(f"file://{path}").drop("local", "when")
rows.createOrReplaceTempView("pairs")
run = ScoringRun(home, registry_with(open_bundle(Path(sys.argv[2])), home / "registry"), engine)
how = json.loads(sys.argv[4]) | {"source": "table"}
first = run("pairs", **how)
rows.repartition(7).createOrReplaceTempView("pairs")  # the same rows in another order
again = run("pairs", **how)
assert (again.output, again.rows_new) == (first.output, 0)
rows.where("n != 100").createOrReplaceTempView("pairs")
fewer = run("pairs", **how)
assert fewer.output != first.output and fewer.rows_new == 1496, fewer
print("REPORT " + first.model_dump_json())
rows.where("false").createOrReplaceTempView("pairs")
assert list(scores(run("pairs", **how)).columns) == list(scores(first).columns)
print("none is fine")
"""


def test_a_table_of_the_platforms_catalog(
    bundle: Bundle, pairs: Path, by_pandas: ScoringReport, tmp_path: Path
) -> None:
    tests = str(Path(__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {tests!r})\n{TABLE}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(bundle.path), str(pairs), json.dumps(HOW)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert "none is fine" in done.stdout, done.stdout[-2000:] + done.stderr[-3000:]
    said = next(line for line in done.stdout.splitlines() if line.startswith("REPORT "))
    report = ScoringReport.model_validate_json(said.removeprefix("REPORT "))
    left, right = scores(report).sort_values("n"), scores(by_pandas).sort_values("n")
    assert left["label"].tolist() == right["label"].tolist()
    np.testing.assert_allclose(left[SHARES], right[SHARES], atol=1e-6)
    assert left["tags"].map(list).tolist() == right["tags"].map(list).tolist()
    assert left["kind.of"].tolist() == right["kind.of"].tolist()
    assert report.manifest.quarantined == by_pandas.manifest.quarantined
