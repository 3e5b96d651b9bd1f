"""The same rows, splits, fingerprints and reasons on pandas and Spark, whatever the text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from data_run import DataRun, assert_same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spark_servers import spark_home

from nli_lifecycle.engines.session import open_session
from nli_lifecycle.engines.spark import SparkEngine

pytest_plugins = ["spark_servers"]
pytestmark = pytest.mark.slow

OPTIONS = {
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    "spark.driver.maxResultSize": "12m",
}
JUDGES = {"official_splits": False, "splits": {"train": 0, "validation": 0, "test": 1}}


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    spark_home()
    session = open_session("local[2]", OPTIONS)
    yield SparkEngine(session)
    session.stop()


UGLY = [
    "\x00",
    "\u202e",
    "\u200b",
    "e\u0301",
    "\U0001f600",
    "\U0001f469\u200d\U0001f52c",
    '"',
    "\\",
]
UGLY += ["\t", ",", "\u00a0", "\u2028", "ﬁ", "İ", "ß", "\u0130", "nan", "NULL", "None"]


def ugly_files(folder: Path, seed: int) -> Path:
    """JSON lines of every kind of trouble that a file may hold, in several files."""
    random = Random(seed)
    words = [f"w{n}" for n in range(60)]
    labels = ["entailment", "neutral", "contradiction", "-", "", None, "E", 1, "unbekannt"]
    lines = []
    for number in range(1_200):
        premise = " ".join(random.choices(words + UGLY, k=random.randrange(1, 20)))
        if lines and random.random() < 0.2:  # nearly a premise that is there already
            premise = json.loads(random.choice(lines).decode()).get("premise") or premise
            premise = str(premise).replace("w1", "other", 1)
        row = {"premise": premise, "hypothesis": "".join(random.choices(UGLY + words, k=3))}
        row["label"] = random.choice(labels[:3] * 8 + labels)
        row["pair_id"] = random.choice(["same", str(number), ""])
        row["genre"] = random.choice(["news", "", None, "\u200b"])
        if random.random() < 0.1 and lines:
            row = json.loads(random.choice(lines).decode()) | {"label": random.choice(labels[:2])}
        lines.append(json.dumps(row, ensure_ascii=random.random() < 0.5).encode())
    lines += [b'{"premise": "\\ud800", "hypothesis": "h", "label": "neutral"}', b"\xff\xfe{", b"[]"]
    lines += [b'{"premise": ["p"], "hypothesis": "h", "label": "neutral"}', b"{", b'"text"']
    lines += [json.dumps({"premise": "p" * 30_000, "hypothesis": "h", "label": "neutral"}).encode()]
    random.shuffle(lines)
    folder.mkdir()
    for part in range(3):
        (folder / f"{part}.jsonl").write_bytes(b"\n".join([HEAD, *lines[part::3]]))
    return folder / "*.jsonl"


HEAD = b'{"premise": "", "hypothesis": "", "label": "", "pair_id": "", "genre": ""}'
TRAINS = {"near_duplicates": {"similarity": 0.6}, "max_quarantined_share": 1.0}


@pytest.mark.parametrize("seed", [1, 2])
def test_ugly_text(spark: SparkEngine, tmp_path: Path, seed: int) -> None:
    path = ugly_files(tmp_path / "raw", seed)
    made = DataRun(tmp_path / "spark", spark)("jsonl", path, **TRAINS)
    assert_same(made, DataRun(tmp_path / "pandas")("jsonl", path, **TRAINS))
    reasons = set(made["quarantine"]["reason"])
    assert {"duplicate", "contradictory_duplicate", "invalid_unicode", "too_long"} <= reasons
    assert {"undecodable_bytes", "wrong_type", "unknown_label", "no_gold_label"} <= reasons
    assert made["data_report"].near_duplicates.clusters > 5


_TEXT = st.text(max_size=12)
_PAIR = st.tuples(_TEXT, _TEXT, st.sampled_from(["entailment", "neutral", "x", ""]))


@settings(
    deadline=None, max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_PAIR, min_size=1, max_size=30))
def test_whatever_the_text(
    spark: SparkEngine, tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    names = ("premise", "hypothesis", "label")
    rows = [dict(zip(names, pair)) for pair in [("p", "h", "neutral"), *pairs]]
    (folder / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    limits = {"max_quarantined_share": 1.0, **JUDGES}
    made = DataRun(folder / "spark", spark)("jsonl", folder / "x.jsonl", **limits)
    assert_same(made, DataRun(folder / "pandas")("jsonl", folder / "x.jsonl", **limits))


def test_a_second_run_with_one_more_file(spark: SparkEngine, tmp_path: Path) -> None:
    path = ugly_files(tmp_path / "raw", 3)
    later = tmp_path / "raw/0.jsonl"
    content = later.read_bytes()
    later.unlink()
    both = DataRun(tmp_path / "spark", spark), DataRun(tmp_path / "pandas")
    first = [run("jsonl", path, **TRAINS) for run in both]
    later.write_bytes(content)
    second = [run("jsonl", path, **TRAINS) for run in both]
    assert_same(*second)
    assert second[0]["ingest"].rows_known == first[0]["ingest"].rows
    splits = [
        made["fingerprints"].set_index("fingerprint")["split"] for made in (first[0], second[0])
    ]
    still = splits[0].index.intersection(splits[1].index)
    assert len(still) > 100 and splits[0][still].equals(splits[1][still])


def _sick(real_data: Path) -> tuple[str, Path]:
    return "sick", real_data / "sick/SICK.txt.gz"


def _mnli(real_data: Path) -> tuple[str, Path]:
    return "tsv", real_data / "mnli/nyu_train_20k_tokenised.tsv.gz"


@pytest.mark.parametrize("published", [_sick, _mnli])
def test_published_data(
    spark: SparkEngine,
    tmp_path: Path,
    real_data: Path,
    published: Callable[[Path], tuple[str, Path]],
) -> None:
    source, path = published(real_data)
    made = DataRun(tmp_path / "spark", spark)(source, path)
    assert_same(made, DataRun(tmp_path / "pandas")(source, path))


def test_a_table_of_the_platforms_catalog(spark: SparkEngine, tmp_path: Path) -> None:
    path = ugly_files(tmp_path / "raw", 4)
    frame = spark._session.read.json(f"file://{path.parent}/1.jsonl")
    frame.where("label is not null").createOrReplaceTempView("pairs")
    made = DataRun(tmp_path / "spark", spark)("table", "pairs", **TRAINS)
    assert made["ingest"].rows == spark._session.table("pairs").count()
    assert len(made["quarantine"]) + made["data_report"].rows_kept == made["ingest"].rows
    assert made["data_report"].source == "table" and made["data_report"].rows_kept > 100
    with pytest.raises(ValueError, match="source: table nowhere.at_all cannot be read"):
        DataRun(tmp_path / "other", spark)("table", "nowhere.at_all")


def test_nothing_is_collected_to_the_driver(spark: SparkEngine, tmp_path: Path) -> None:
    # The session refuses results over 12 MB, a third of these rows. What is collected does not
    # grow with the data: counts, and the 40,000 pairs that the baseline is fitted and judged on.
    with (tmp_path / "x.jsonl").open("w") as file:
        for number in range(150_000):
            words = " ".join(f"w{number}x{n}" for n in range(12))
            row = {"premise": words, "hypothesis": f"h {number % 7}", "label": "neutral"}
            file.write(json.dumps(row) + "\n")
    run = DataRun(tmp_path / "home", spark)
    with pytest.raises(Exception, match="maxResultSize"):
        spark._session.read.json(f"file://{tmp_path}/x.jsonl").toArrow()
    made = run("jsonl", tmp_path / "x.jsonl", **JUDGES)
    assert made["data_report"].rows_kept == 150_000


CONNECT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from data_run import DataRun, assert_same
from nli_lifecycle.engines.session import open_session
from nli_lifecycle.engines.spark import SparkEngine
home = Path(sys.argv[2])
options = {"near_duplicates": {"similarity": 0.6}, "max_quarantined_share": 1.0}
engine = SparkEngine(open_session("unused", {}))
assert "connect" in type(engine._session).__module__
path = home / "raw/*.jsonl"
made = DataRun(home / "connect", engine)("jsonl", path, **options)
assert_same(made, DataRun(home / "pandas")("jsonl", path, **options))
print("same rows:", made["data_report"].rows_kept)
"""


def test_ugly_text_by_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connect_server: str
) -> None:
    # In a process of its own: one process cannot hold both kinds of session.
    ugly_files(tmp_path / "raw", 5)
    monkeypatch.setenv("SPARK_REMOTE", connect_server)
    tests = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", CONNECT, tests, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "same rows: " in done.stdout, done.stderr[-3000:]
