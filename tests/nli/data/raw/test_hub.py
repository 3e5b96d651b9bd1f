"""Data sets of the Hub, recorded: the published features and a few rows in their form."""

import sys
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from nli_lifecycle.nli.data.ingest import Portion
from nli_lifecycle.nli.data.judging import judge_whole
from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw import hub
from nli_lifecycle.nli.data.raw.hub import hub_portions
from nli_lifecycle.nli.data.raw.sources import find_source
from nli_lifecycle.nli.data.schemas import landed_schema
from nli_lifecycle.parameters import DataParameters, SourceOptions

LOAD_DATASET = datasets.load_dataset

#: The order that all four publish their labels in.
LABEL = ClassLabel(names=["entailment", "neutral", "contradiction"])
TEXTS = {"premise": Value("string"), "hypothesis": Value("string"), "label": LABEL}


def _split(labels: list[int], **columns: list[str]) -> Dataset:
    rows = {"premise": ["p"] * len(labels), "hypothesis": ["h"] * len(labels), "label": labels}
    features = Features(TEXTS | {name: Value("string") for name in columns})
    return Dataset.from_dict(rows | columns, features=features)


RECORDED = {
    ("stanfordnlp/snli", None): {"train": [0, 1, 2, -1], "validation": [2], "test": [1]},
    ("nyu-mll/multi_nli", None): {
        "train": [0, 1],
        "validation_matched": [2],
        "validation_mismatched": [1],
    },
    ("facebook/anli", None): {"train_r1": [0], "dev_r1": [1], "test_r1": [2], "test_r3": [0]},
    ("facebook/xnli", "fr"): {"train": [0], "test": [1], "validation": [2]},
    ("me/pairs", "small"): {"train": [1]},
    ("me/whole", None): {"train": [1]},
    ("whole", None): {"train": [1]},
}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """What the library is asked for; it answers with what was recorded."""
    calls = []

    def load_dataset(path: str, configuration: str | None) -> DatasetDict:
        calls.append((path, configuration))
        splits = RECORDED[path, configuration]
        return DatasetDict({name: _split(labels) for name, labels in splits.items()})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return calls


def _portions(name: str, **options: Any) -> list[Portion]:
    return hub_portions(find_source("hub"), name, SourceOptions.model_validate(options))


def _rows(portions: list[Portion]) -> list[tuple[str, str]]:
    fields = [row.fields for portion in portions for row in portion.rows()]
    return [(row["split"], row["label"]) for row in fields if row]


def test_snli_labels_by_name_and_rows_without_one() -> None:
    portions = _portions("snli")
    assert _rows(portions) == [
        *[("train", "entailment"), ("train", "neutral"), ("train", "contradiction")],
        *[("train", "-1"), ("validation", "contradiction"), ("test", "neutral")],
    ]
    assert [row.place for row in portions[0].rows()][:2] == ["snli/train:1", "snli/train:2"]
    assert portions[0].origin == "hf://datasets/stanfordnlp/snli"


def test_rows_without_a_label_are_set_aside_as_such() -> None:
    rows = (row for portion in _portions("snli") for row in portion.rows())
    landed = pa.Table.from_batches(land_rows(rows, "hub", ()), landed_schema(())).to_pandas()
    judged = judge_whole(landed, DataParameters())
    assert judged["reason"].tolist() == ["", "", "", "no_gold_label", "", ""]
    assert judged["place"][3] == "snli/train:4"


def test_places_count_on_through_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HUB_BATCH", 3)
    rows = list(_portions("snli")[0].rows())
    assert [row.place for row in rows] == [f"snli/train:{n}" for n in (1, 2, 3, 4)]


def test_both_development_sets_of_multinli_are_its_test_split() -> None:
    assert [split for split, _ in _rows(_portions("multi_nli"))] == ["train"] * 2 + ["test"] * 2


def test_the_rounds_of_anli() -> None:
    splits = [split for split, _ in _rows(_portions("anli"))]
    assert splits == ["train", "validation", "test", "test"]


@pytest.mark.parametrize(
    ("name", "path", "configuration"),
    [
        ("xnli/fr", "facebook/xnli", "fr"),
        ("me/pairs/small", "me/pairs", "small"),
        ("snli", "stanfordnlp/snli", None),
        ("multi_nli", "nyu-mll/multi_nli", None),
        ("anli", "facebook/anli", None),
        ("me/whole", "me/whole", None),
        ("whole", "whole", None),
    ],
)
def test_names_and_configurations(
    name: str, path: str, configuration: str | None, asked: list[tuple[str, str | None]]
) -> None:
    _portions(name)
    assert asked == [(path, configuration)]


def test_a_language_of_xnli() -> None:
    portions = _portions("xnli/fr")
    expected = [("train", "entailment"), ("test", "neutral"), ("validation", "contradiction")]
    assert _rows(portions) == expected
    assert {portion.origin for portion in portions} == {"hf://datasets/facebook/xnli/fr"}


def test_the_users_names_of_splits_win() -> None:
    splits = {"validation_matched": "validation", "test_r3": "train"}
    multinli, anli = _portions("multi_nli", splits=splits), _portions("anli", splits=splits)
    assert [split for split, _ in _rows(multinli)][2:] == ["validation", "test"]
    assert [split for split, _ in _rows(anli)][2:] == ["test", "train"]


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(DataError, match="multi_nli: it has no column 'topic' for the genre"):
        _portions("multi_nli", columns={"genre": "topic"})


@pytest.mark.parametrize("name", ["snli", "multi_nli", "anli", "xnli/fr"])
def test_parquet_as_the_hub_serves_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = _rows(_portions(name))
    splits = RECORDED[hub._address(name)]
    files = {split: str(tmp_path / f"{split}-00000-of-00001.parquet") for split in splits}
    for split, file in files.items():
        _split(splits[split]).to_parquet(file)

    def from_files(path: str, configuration: str | None) -> DatasetDict:
        return LOAD_DATASET("parquet", data_files=files, cache_dir=str(tmp_path / "cache"))

    monkeypatch.setattr(datasets, "load_dataset", from_files)
    portions = _portions(name)
    assert _rows(portions) == recorded
    stamps = [portion.stamp for portion in portions]
    assert len(set(stamps)) == len(stamps)
    assert [portion.stamp for portion in _portions(name)] == stamps
    _split([0, 0, 0]).to_parquet(files["train" if "train" in files else "train_r1"])
    assert _portions(name)[0].stamp != stamps[0]


def test_the_same_content_has_the_same_stamp() -> None:
    assert [p.stamp for p in _portions("snli")] == [p.stamp for p in _portions("snli")]


def test_without_a_name_the_known_ones_are_listed() -> None:
    with pytest.raises(DataError, match="snli, multi_nli, anli, xnli, or <owner>/<name>"):
        hub_portions(find_source("hub"), None, SourceOptions())


def test_without_a_network_the_message_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError) as error:
        _portions("snli")
    message = str(error.value)
    assert "source: hub: snli cannot be loaded" in message
    assert "hf download stanfordnlp/snli --repo-type dataset" in message
    assert "source=parquet" in message
    assert '{"0": entailment, "1": neutral, "2": contradiction}' in message


def test_without_the_library_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install 'nli-lifecycle\[hub\]'"):
        _portions("snli")
