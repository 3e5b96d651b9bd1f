"""data_engineering from files to report, on small files; published files where they are given."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.nli.data.pairs import PAIR_COLUMNS, DataError, normalise
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering import create_pipeline, nodes

Run = Callable[..., dict[str, Any]]
TEST_ONLY = {"official_splits": False, "splits": {"train": 0, "validation": 0, "test": 1}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the pipeline on a source and return everything it made."""

    def _run(source: str, path: Path | str, **data: Any) -> dict[str, Any]:
        made: dict[str, Any] = {
            "raw": RawFolder("dev", tmp_path / "raw", tmp_path),
            "params:source": source,
            "params:source_path": str(path),
            "params:data": DataParameters.model_validate(data),
        }
        for node in create_pipeline().nodes:
            made |= node.run({name: made[name] for name in node.inputs})
        return made

    return _run


def _csv(path: Path, rows: int = 300, label: Callable[[int], str] = "enc".__getitem__) -> Path:
    names = {"e": "entailment", "n": "neutral", "c": "contradiction"}
    lines = ["premise,hypothesis,label,topic"]
    for n in range(rows):
        name = label(n % 3)
        lines.append(f"premise {n // 3},hypothesis {n},{names.get(name, name)},t{n % 2}")
    path.write_text("\n".join(lines) + "\n")
    return path


# Bad input: one clear message each.


def test_file_of_an_unknown_label_scheme(run: Run, tmp_path: Path) -> None:
    path = _csv(tmp_path / "x.csv", label=lambda n: str(n))
    with pytest.raises(DataError, match=r"(?s)300 of the 300 rows.*'0' \(100\).*labels:"):
        run("csv", path)


def test_one_class_absent(run: Run, tmp_path: Path) -> None:
    path = _csv(tmp_path / "x.csv", label=lambda n: "een"[n])
    with pytest.raises(DataError, match="No training pair is labelled contradiction"):
        run("csv", path)


def test_corrupt_gzip(run: Run, tmp_path: Path) -> None:
    packed = gzip.compress(_csv(tmp_path / "x.csv", rows=3_000).read_bytes())
    path = tmp_path / "x.csv.gz"
    path.write_bytes(packed[:-2_000])
    with pytest.raises(DataError, match=r"x\.csv\.gz is corrupt or incomplete.*after line [\d,]+"):
        run("csv", path)


def test_empty_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    with pytest.raises(DataError, match=r"x\.csv is empty"):
        run("csv", tmp_path / "x.csv")


def test_bad_rows_are_named_and_the_rest_goes_on(run: Run, tmp_path: Path) -> None:
    path = _csv(tmp_path / "x.csv")
    long = "word " * 20_000
    bad = ["p,it’s,neutral,t", ",h,neutral,t", "p,h,-,t", "p,h,maybe,t", "p,h,neutral"]
    bad += [f"{long},h,neutral,t"]
    path.write_bytes(path.read_bytes() + "\n".join(bad).encode("cp1252"))
    made = run("csv", path, options={"columns": {"genre": "topic"}})
    assert list(zip(made["quarantine"]["place"], made["quarantine"]["reason"])) == [
        ("x.csv:302", "undecodable_bytes"),
        ("x.csv:303", "empty_text"),
        ("x.csv:304", "no_gold_label"),
        ("x.csv:305", "unknown_label"),
        ("x.csv:306", "wrong_field_count"),
        ("x.csv:307", "too_long"),
    ]
    report = made["data_report"]
    assert (report.rows_read, report.rows_kept, report.rows_quarantined) == (306, 300, 6)
    assert report.genres == {"t0": 150, "t1": 150}


# What it makes.


def test_frames_fingerprints_version_and_figures(run: Run, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "x.csv"))
    frames = [made[f"{split}_pairs"] for split in ("train", "validation", "test")]
    assert sum(map(len, frames)) == 300
    for frame in frames:
        assert list(frame.columns) == [*PAIR_COLUMNS, "fingerprint", "premise_fingerprint"]
        assert set(frame["source"]) == {"csv"}
    fingerprints = made["fingerprints"]
    assert list(fingerprints.columns) == ["fingerprint", "premise_fingerprint", "split"]
    assert fingerprints["split"].value_counts().to_dict() == made["data_report"].rows
    assert fingerprints["fingerprint"].is_unique
    assert made["data_version"] == made["data_report"].data_version
    for name in ("labels_plot", "lengths_plot", "genres_plot", "quarantine_plot"):
        assert isinstance(made[name], go.Figure)
        json.loads(made[name].to_json())
    drawn = [bar for bar in made["labels_plot"].data if bar.name == "neutral"][0]
    assert sum(int(text.split(" ")[0]) for text in drawn.text) == 100
    assert sum(sum(bar.y) for bar in made["lengths_plot"].data) == 600
    assert sum(sum(bar.x) for bar in made["genres_plot"].data) == 300
    assert made["quarantine_plot"].layout.annotations[0].text == "Nothing was quarantined"


def test_an_environment_that_only_judges(run: Run, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "train.csv"), **TEST_ONLY)
    assert len(made["test_pairs"]) == 300
    for name in ("train_pairs", "validation_pairs"):
        assert made[name].empty
        made[name].to_parquet(tmp_path / "empty.parquet", index=False)
        again = pd.read_parquet(tmp_path / "empty.parquet")
        assert list(again.columns) == list(made["test_pairs"].columns)
    assert made["data_report"].rows == {"train": 0, "validation": 0, "test": 300}


def test_the_same_data_in_another_form_is_the_same_version(run: Run, tmp_path: Path) -> None:
    csv = _csv(tmp_path / "x.csv")
    frame = pd.read_csv(csv).sample(frac=1, random_state=1)
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    versions = {
        run(kind, tmp_path / f"x.{kind}")["data_version"] for kind in ("csv", "parquet", "jsonl")
    }
    assert len(versions) == 1


def test_class_ids_of_parquet_are_read_when_mapped(run: Run, tmp_path: Path) -> None:
    frame = pd.read_csv(_csv(tmp_path / "x.csv"))
    ids = {"entailment": 0, "neutral": 1, "contradiction": 2}
    frame.assign(label=frame["label"].map(ids)).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match="Labels seen: '0' "):
        run("parquet", tmp_path / "x.parquet")
    labels = {number: name for name, number in ids.items()}
    made = run("parquet", tmp_path / "x.parquet", options={"labels": labels})
    assert made["data_report"].rows_kept == 300


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl"]))
def test_whatever_the_bytes_no_row_is_lost(content: bytes, source: str) -> None:
    header = {
        "csv": b"premise,hypothesis,label\np,h,neutral\n",
        "tsv": b"premise\thypothesis\tlabel\np\th\tneutral\n",
        "jsonl": b'{"premise": "p", "hypothesis": "h", "label": "neutral"}\n',
    }[source]
    parameters = DataParameters.model_validate({"max_quarantined_share": 1} | TEST_ONLY)
    with TemporaryDirectory() as name:
        folder = RawFolder("dev", Path(name), Path(name))
        (Path(name) / f"x.{source}").write_bytes(header + content)
        rows = sum(1 for _ in folder.rows(source, None, parameters.options))
        landed, unusable = nodes.read_pairs(folder, source, None, parameters)
    distinct, quarantine = nodes.remove_duplicates(landed, unusable)
    assert len(distinct) + len(quarantine) == rows
    assert (distinct["premise"].map(normalise) == distinct["premise"]).all()


# Published files.


def test_sick(run: Run, real_data: Path) -> None:
    report = run("sick", real_data / "sick/SICK.txt.gz")["data_report"]
    assert report.rows_read == 9_840
    assert report.rows == {"train": 4_439, "validation": 495, "test": 4_906}
    assert report.rows_quarantined == 0
    total = {
        label: sum(counts[label] for counts in report.labels.values())
        for label in report.labels["test"]
    }
    assert total == {"entailment": 2_821, "neutral": 5_595, "contradiction": 1_424}
    assert report.official_splits
    assert 0.55 < report.hypothesis_only_accuracy < 0.65


def test_multinli(run: Run, real_data: Path) -> None:
    made = run("tsv", real_data / "mnli/*.tsv.gz")
    report = made["data_report"]
    assert report.rows_read == 20_000
    assert report.rows_kept + report.rows_quarantined == 20_000
    assert len(report.genres) == 5
    assert report.premises_in_several_splits == 0
    assert report.quarantined == {"contradictory_duplicate": 2, "too_long": 1}


def test_snli_as_published_has_rows_without_a_gold_label(run: Run, real_data: Path) -> None:
    made = run("snli", real_data / "snli/official_format_dev_part1.jsonl.gz")
    assert set(made["quarantine"]["reason"]) == {"no_gold_label"}
    assert set(made["quarantine"]["detail"]) == {"label '-'"}
    assert made["data_report"].rows_kept > 1_200
    assert made["test_pairs"]["pair_id"].str.contains(".jpg#").all()


def test_cp1252_file_names_its_rows_and_is_read_when_the_encoding_is_given(
    run: Run, real_data: Path
) -> None:
    path = real_data / "awkward/negation_mnli_cp1252.txt"
    made = run("tsv", path)
    assert set(made["quarantine"]["reason"]) == {"undecodable_bytes"}
    assert made["quarantine"]["place"][0] == "negation_mnli_cp1252.txt:92"
    assert made["data_report"].rows_read == 1_500

    whole = run("tsv", path, options={"encoding": "cp1252"})
    assert (whole["data_report"].rows_kept, whole["data_report"].rows_quarantined) == (1_500, 0)


def test_malformed_row_as_published_is_named(run: Run, real_data: Path) -> None:
    path = real_data / "awkward/mpe_dev_row467_malformed.txt"
    with pytest.raises(DataError, match="Columns found: ID, premise1, premise2"):
        run("tsv", path)
    made = run("tsv", path, options={"columns": {"premise": "premise1"}})
    first = made["quarantine"].iloc[0]
    assert (first.place, first.reason) == ("mpe_dev_row467_malformed.txt:468", "wrong_field_count")
    assert first.detail == "9 fields where the header has 10"
    assert made["data_report"].rows_read == 1_000


def test_official_splits_in_three_files(run: Run, real_data: Path) -> None:
    report = run("tsv", real_data / "cad_nli/original/*.tsv")["data_report"]
    assert report.rows == {"train": 1_666, "validation": 200, "test": 400}


def test_corpus_without_neutral_is_refused(run: Run, real_data: Path) -> None:
    path = real_data / "new_protocols/contrast_train.tsv.gz"
    with pytest.raises(DataError, match="No training pair is labelled neutral"):
        run("tsv", path, options={"quoting": "minimal"})


def test_kept_columns_reach_every_split(run: Run, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "pairs.csv"), options={"keep": ["topic"]})
    for split in ("train", "validation", "test"):
        pairs = made[f"{split}_pairs"]
        number = pairs["hypothesis"].str.removeprefix("hypothesis ").astype(int)
        assert pairs["topic"].tolist() == [f"t{n % 2}" for n in number]
    plain = run("csv", _csv(tmp_path / "pairs.csv"))
    assert "topic" not in plain["test_pairs"]
    assert plain["data_version"] == made["data_version"]
