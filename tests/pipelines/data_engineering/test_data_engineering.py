"""data_engineering from files to report, on small files; published files where they are given."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_run import Crash, DataRun, assert_same

from nli_lifecycle.nli.data.pairs import PAIR_COLUMNS, DataError, normalise
from nli_lifecycle.nli.data.quarantine import REASONS
from nli_lifecycle.nli.data.raw import portions
from nli_lifecycle.pipelines.data_engineering import create_pipeline

TEST_ONLY = {"official_splits": False, "splits": {"train": 0, "validation": 0, "test": 1}}


@pytest.fixture
def run(tmp_path: Path) -> DataRun:
    """Runs of the pipeline over one home, one after another."""
    return DataRun(tmp_path / "home")


def _csv(path: Path, rows: int = 300, label: Callable[[int], str] = "enc".__getitem__) -> Path:
    names = {"e": "entailment", "n": "neutral", "c": "contradiction"}
    lines = ["premise,hypothesis,label,topic"]
    for n in range(rows):
        name = label(n % 3)
        lines.append(f"premise {n // 3},hypothesis {n},{names.get(name, name)},t{n % 2}")
    path.write_text("\n".join(lines) + "\n")
    return path


# Bad input: one clear message each.


def test_file_of_an_unknown_label_scheme(run: DataRun, tmp_path: Path) -> None:
    path = _csv(tmp_path / "x.csv", label=lambda n: str(n))
    with pytest.raises(DataError, match=r"(?s)300 of the 300 rows.*'0' \(100\).*labels:"):
        run("csv", path)


def test_one_class_absent(run: DataRun, tmp_path: Path) -> None:
    path = _csv(tmp_path / "x.csv", label=lambda n: "een"[n])
    with pytest.raises(DataError, match="No training pair is labelled contradiction"):
        run("csv", path)


def test_corrupt_gzip(run: DataRun, tmp_path: Path) -> None:
    packed = gzip.compress(_csv(tmp_path / "x.csv", rows=3_000).read_bytes())
    path = tmp_path / "x.csv.gz"
    path.write_bytes(packed[:-2_000])
    with pytest.raises(DataError, match=r"x\.csv\.gz is corrupt or incomplete.*after line [\d,]+"):
        run("csv", path)


def test_empty_file(run: DataRun, tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    with pytest.raises(DataError, match=r"x\.csv is empty"):
        run("csv", tmp_path / "x.csv")


def test_bad_rows_are_named_and_the_rest_goes_on(run: DataRun, tmp_path: Path) -> None:
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


def test_frames_fingerprints_version_and_figures(run: DataRun, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "x.csv"))
    frames = [made[f"{split}_pairs"] for split in ("train", "validation", "test")]
    assert sum(map(len, frames)) == 300
    for frame in frames:
        assert list(frame.columns) == [*PAIR_COLUMNS, "fingerprint", "premise_fingerprint"]
        assert set(frame["source"]) == {"csv"}
    fingerprints = made["fingerprints"]
    assert list(fingerprints.columns)[:2] == ["fingerprint", "premise_fingerprint"]
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


def test_an_environment_that_only_judges(run: DataRun, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "train.csv"), **TEST_ONLY)
    assert len(made["test_pairs"]) == 300
    for name in ("train_pairs", "validation_pairs"):
        assert made[name].empty
        made[name].to_parquet(tmp_path / "empty.parquet", index=False)
        again = pd.read_parquet(tmp_path / "empty.parquet")
        assert list(again.columns) == list(made["test_pairs"].columns)
    assert made["data_report"].rows == {"train": 0, "validation": 0, "test": 300}


def test_the_same_data_in_another_form_is_the_same_version(run: DataRun, tmp_path: Path) -> None:
    csv = _csv(tmp_path / "x.csv")
    frame = pd.read_csv(csv).sample(frac=1, random_state=1)
    frame.to_parquet(tmp_path / "x.parquet")
    frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    versions = {
        run(kind, tmp_path / f"x.{kind}")["data_version"] for kind in ("csv", "parquet", "jsonl")
    }
    assert len(versions) == 1


def test_class_ids_of_parquet_are_read_when_mapped(run: DataRun, tmp_path: Path) -> None:
    frame = pd.read_csv(_csv(tmp_path / "x.csv"))
    ids = {"entailment": 0, "neutral": 1, "contradiction": 2}
    frame.assign(label=frame["label"].map(ids)).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match="Labels seen: '0' "):
        run("parquet", tmp_path / "x.parquet")
    labels = {number: name for name, number in ids.items()}
    made = run("parquet", tmp_path / "x.parquet", options={"labels": labels})
    assert made["data_report"].rows_kept == 300


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl"]))
def test_whatever_the_bytes_no_row_is_lost(content: bytes, source: str) -> None:
    header = {
        "csv": b"premise,hypothesis,label\np,h,neutral\n",
        "tsv": b"premise\thypothesis\tlabel\np\th\tneutral\n",
        "jsonl": b'{"premise": "p", "hypothesis": "h", "label": "neutral"}\n',
    }[source]
    with TemporaryDirectory() as name:
        path = Path(name) / f"x.{source}"
        path.write_bytes(header + content)
        made = DataRun(Path(name) / "home")(source, path, max_quarantined_share=1, **TEST_ONLY)
    _nothing_is_lost(made)


def _nothing_is_lost(made: dict[str, Any]) -> None:
    pairs = made["test_pairs"]
    assert len(pairs) + len(made["quarantine"]) == made["ingest"].rows == len(made["settled_rows"])
    assert (pairs["premise"].map(normalise) == pairs["premise"]).all()
    assert set(made["quarantine"]["reason"]) <= set(REASONS)


UGLY = [
    "\x00",
    "\u202e",
    "\u200b",
    "\\ud800",
    "e\u0301",
    "\U0001f600",
    '"',
    "\\",
    "\t",
    ",",
    " ",
    "\r",
]


def test_ten_thousand_fuzzed_rows(run: DataRun, tmp_path: Path) -> None:
    random = Random(5)
    lines = [b'{"premise": "p", "hypothesis": "h", "label": "neutral"}']
    for number in range(10_000):
        text = "".join(random.choice(UGLY + ["word ", "x"]) for _ in range(random.randrange(8)))
        row = {"premise": text, "hypothesis": f"h {number % 700}", "label": "neutral"}
        row |= random.choice(
            [{}, {"label": None}, {"label": "-"}, {"premise": None}, {"premise": [1]}]
        )
        line = json.dumps(row).replace("\\\\ud800", "\\ud800").encode()
        if number % 7 == 0:
            line = bytes(random.randrange(1, 256) for _ in range(30)).replace(b"\n", b" ")
        lines.append(line)
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
    made = run("jsonl", tmp_path / "x.jsonl", max_quarantined_share=1, **TEST_ONLY)
    blank = sum(not line.decode("utf-8", "replace").strip() for line in lines)
    assert made["ingest"].rows == len(lines) - blank
    _nothing_is_lost(made)
    assert {"undecodable_bytes", "invalid_unicode", "wrong_type"} <= set(
        made["quarantine"]["reason"]
    )


# More files, later.


def _topics(path: Path, topics: range, rows: int = 3) -> Path:
    """Pairs whose premises are long enough to be near each other, or not."""
    labels = ["entailment", "neutral", "contradiction"]
    lines = ["premise,hypothesis,label"]
    for topic in topics:
        words = " ".join(f"w{topic}x{n}" for n in range(20))
        lines += [f"{words},hypothesis {topic} {n},{labels[n % 3]}" for n in range(rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def _splits(made: dict[str, Any]) -> dict[str, str]:
    return dict(zip(made["fingerprints"]["fingerprint"], made["fingerprints"]["split"]))


def test_a_new_file_is_added_and_the_old_one_not_read_again(
    run: DataRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _topics(tmp_path / "b.csv", range(200))
    first = run("csv", tmp_path / "*.csv")
    assert (first["ingest"].rows_new, first["ingest"].rows_known) == (600, 0)

    _topics(tmp_path / "a.csv", range(200, 250))  # sorts before the old one
    read = []
    original = portions.extract_rows

    def watched(plans: Any, *others: Any) -> Any:
        read.extend(plan.name for plan in plans)
        return original(plans, *others)

    monkeypatch.setattr(portions, "extract_rows", watched)
    second = run("csv", tmp_path / "*.csv")
    assert read == ["a.csv"]
    assert (second["ingest"].rows_new, second["ingest"].rows_known) == (150, 600)
    assert _splits(first).items() <= _splits(second).items()
    assert second["data_version"] != first["data_version"]
    assert second["data_history"].previous.data_version == first["data_version"]
    assert (
        second["settled_rows"]["place"].str.startswith("b.csv").tolist()
        == [True] * 600 + [False] * 150
    )


def test_the_same_files_again_change_nothing(run: DataRun, tmp_path: Path) -> None:
    path = _topics(tmp_path / "x.csv", range(100))
    assert_same(run("csv", path), run("csv", path))


def test_a_changed_file_replaces_its_rows(run: DataRun, tmp_path: Path) -> None:
    path = _topics(tmp_path / "x.csv", range(100))
    first = run("csv", path)
    _topics(path, range(50, 160))
    second = run("csv", path)
    assert second["data_report"].rows_kept == 330
    before, after = _splits(first), _splits(second)
    shared = before.keys() & after.keys()
    assert len(shared) == 150 and all(before[key] == after[key] for key in shared)
    assert len(list((tmp_path / "home/landed").iterdir())) == 1


def test_near_premises_go_together_and_a_bridge_is_set_aside(run: DataRun, tmp_path: Path) -> None:
    first = run("csv", _topics(tmp_path / "a.csv", range(200)))
    by_split = {split: first[f"{split}_pairs"]["premise"].iloc[0] for split in ("train", "test")}
    left, right = by_split["train"].split(), by_split["test"].split()
    near = " ".join([*left[:19], "other"])
    lines = ["premise,hypothesis,label", f"{near},a new one,neutral"]
    lines += [f"{by_split['train']},yet another,neutral"]
    (tmp_path / "b.csv").write_text("\n".join(lines) + "\n")
    second = run("csv", tmp_path / "*.csv")
    assert {near, by_split["train"]} <= set(second["train_pairs"]["premise"])
    assert set(second["train_pairs"]["hypothesis"]) >= {"a new one", "yet another"}

    # Half of this one's words are those of either side: its similarity to both is about 0.5.
    between = " ".join([*left, *right])
    (tmp_path / "c.csv").write_text(f"premise,hypothesis,label\n{between},bridge,neutral\n")
    third = run("csv", tmp_path / "*.csv", near_duplicates={"similarity": 0.35})
    (row,) = third["quarantine"].to_dict("records")
    assert (row["place"], row["reason"]) == ("c.csv:2", "bridge")
    assert _splits(second) == _splits(third)


def test_rows_near_what_another_environment_trained_on_are_set_aside(
    run: DataRun, tmp_path: Path
) -> None:
    dev = run("csv", _topics(tmp_path / "dev.csv", range(100)))
    trained = dev["train_pairs"]["premise"].iloc[0]
    held_out = dev["test_pairs"]["premise"].iloc[0]
    near = " ".join([*trained.split()[:19], "other"])
    path = _topics(tmp_path / "staging.csv", range(500, 520))
    with path.open("a") as file:
        file.writelines(f"{text},h,neutral\n" for text in (trained, near, held_out))
    staging = DataRun(tmp_path / "staging")
    against = {"against": [str(run.home)]}
    made = staging("csv", path, near_duplicates=against, **TEST_ONLY)
    assert made["quarantine"]["reason"].tolist() == ["leaked", "leaked"]
    assert made["quarantine"]["place"].tolist() == ["staging.csv:62", "staging.csv:63"]
    assert held_out in set(made["test_pairs"]["premise"])

    told = DataRun(tmp_path / "told")(
        "csv", path, near_duplicates=against | {"leaked": "report"}, **TEST_ONLY
    )
    assert told["quarantine"].empty
    assert told["data_report"].near_duplicates.leaked == 2
    with pytest.raises(DataError, match="against: .*nowhere/premise_signatures is not there"):
        staging("csv", path, near_duplicates={"against": [str(tmp_path / "nowhere")]}, **TEST_ONLY)


def test_feedback_is_trained_on_but_for_what_is_evaluated(run: DataRun, tmp_path: Path) -> None:
    path = _topics(tmp_path / "x.csv", range(100))
    first = run("csv", path)
    trained, tested = (first[f"{split}_pairs"]["premise"].iloc[0] for split in ("train", "test"))
    rows = [("brand new words here", "h"), (trained, "new"), (tested, "new"), (tested, "other")]
    lines = [
        json.dumps({"premise": text, "hypothesis": other, "label": "e", "request_id": "r"})
        for text, other in rows
    ]
    (tmp_path / "feedback.jsonl").write_text("\n".join(lines))
    feedback = {
        "path": str(tmp_path / "feedback.jsonl"),
        "options": {"labels": {"e": "entailment"}, "columns": {"pair_id": "request_id"}},
    }
    made = run("csv", path, feedback=feedback)
    back = made["train_pairs"][made["train_pairs"]["source"] == "feedback"]
    assert back["premise"].tolist() == ["brand new words here", trained]
    assert back["pair_id"].tolist() == ["r", "r"]
    assert made["quarantine"]["reason"].tolist() == ["evaluation_premise"] * 2
    assert made["data_report"].sources == {"csv": 300, "feedback": 2}
    assert _splits(first).items() <= _splits(made).items()


@pytest.mark.parametrize("crash_after", [node.name for node in create_pipeline().nodes])
def test_a_crash_anywhere_neither_loses_nor_doubles_rows(crash_after: str, tmp_path: Path) -> None:
    _topics(tmp_path / "a.csv", range(60))
    whole, crashed = DataRun(tmp_path / "whole"), DataRun(tmp_path / "crashed")
    for made in (whole, crashed):
        made("csv", tmp_path / "a.csv")
    _topics(tmp_path / "b.csv", range(55, 90))
    with pytest.raises(Crash):
        crashed("csv", tmp_path / "*.csv", crash_after=crash_after)
    again = crashed("csv", tmp_path / "*.csv")
    assert_same(again, whole("csv", tmp_path / "*.csv"))
    assert again["data_report"].rows_kept == 270


# Published files.


def test_sick(run: DataRun, real_data: Path) -> None:
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


def test_multinli(run: DataRun, real_data: Path) -> None:
    made = run("tsv", real_data / "mnli/*.tsv.gz")
    report = made["data_report"]
    assert report.rows_read == 20_000
    assert report.rows_kept + report.rows_quarantined == 20_000
    assert len(report.genres) == 5
    assert report.premises_in_several_splits == 0
    assert report.quarantined == {"contradictory_duplicate": 2, "too_long": 1}


def test_snli_as_published_has_rows_without_a_gold_label(run: DataRun, real_data: Path) -> None:
    made = run("snli", real_data / "snli/official_format_dev_part1.jsonl.gz")
    assert set(made["quarantine"]["reason"]) == {"no_gold_label"}
    assert set(made["quarantine"]["detail"]) == {"label '-'"}
    assert made["data_report"].rows_kept > 1_200
    assert made["test_pairs"]["pair_id"].str.contains(".jpg#").all()


def test_cp1252_file_names_its_rows_and_is_read_when_the_encoding_is_given(
    run: DataRun, real_data: Path
) -> None:
    path = real_data / "awkward/negation_mnli_cp1252.txt"
    made = run("tsv", path)
    assert set(made["quarantine"]["reason"]) == {"undecodable_bytes"}
    assert made["quarantine"]["place"][0] == "negation_mnli_cp1252.txt:92"
    assert made["data_report"].rows_read == 1_500

    whole = run("tsv", path, options={"encoding": "cp1252"})
    assert (whole["data_report"].rows_kept, whole["data_report"].rows_quarantined) == (1_500, 0)


def test_malformed_row_as_published_is_named(run: DataRun, real_data: Path) -> None:
    path = real_data / "awkward/mpe_dev_row467_malformed.txt"
    with pytest.raises(DataError, match="Columns found: ID, premise1, premise2"):
        run("tsv", path)
    made = run("tsv", path, options={"columns": {"premise": "premise1"}})
    first = made["quarantine"].iloc[0]
    assert (first.place, first.reason) == ("mpe_dev_row467_malformed.txt:468", "wrong_field_count")
    assert first.detail == "9 fields where the header has 10"
    assert made["data_report"].rows_read == 1_000


def test_official_splits_in_three_files(run: DataRun, real_data: Path) -> None:
    report = run("tsv", real_data / "cad_nli/original/*.tsv")["data_report"]
    assert report.rows == {"train": 1_666, "validation": 200, "test": 400}


def test_corpus_without_neutral_is_refused(run: DataRun, real_data: Path) -> None:
    path = real_data / "new_protocols/contrast_train.tsv.gz"
    with pytest.raises(DataError, match="No training pair is labelled neutral"):
        run("tsv", path, options={"quoting": "minimal"})


def test_kept_columns_reach_every_split(run: DataRun, tmp_path: Path) -> None:
    made = run("csv", _csv(tmp_path / "pairs.csv"), options={"keep": ["topic"]})
    for split in ("train", "validation", "test"):
        pairs = made[f"{split}_pairs"]
        number = pairs["hypothesis"].str.removeprefix("hypothesis ").astype(int)
        assert pairs["topic"].tolist() == [f"t{n % 2}" for n in number]
    plain = run("csv", _csv(tmp_path / "pairs.csv"))
    assert "topic" not in plain["test_pairs"]
    assert plain["data_version"] == made["data_version"]
