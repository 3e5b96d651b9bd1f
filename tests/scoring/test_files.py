"""Files of every kind are found, read in bounded memory, and divided the same way each time."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoring_run import write_pairs

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.scoring import landing
from nli_lifecycle.scoring.files import plan_files
from nli_lifecycle.scoring.landing import ROWS, land_files
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.scoring.rows import LANDED


def _land(home: Path, path: Path | str, **parameters: object) -> Ingest:
    chosen = BatchScoringParameters.model_validate({"source_path": str(path), **parameters})
    return land_files(plan_files(chosen, (home,)), KeyedStore(home / "landed"), chosen)


def _rows(home: Path, ingest: Ingest, aside: bool = False) -> pd.DataFrame:
    files = [
        file
        for part in ingest.parts
        for file in sorted((home / "landed" / part.key / ROWS).glob("portion=*/*.parquet"))
        if (file.parent.name == "portion=aside") == aside
    ]
    return pa.concat_tables([pq.ParquetFile(file).read() for file in files]).to_pandas()


def test_csv_hands_texts_on(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,premise,hypothesis,n\n1,p,h,\n2,"p, q",h,7\n3,p\n4,,h,1\n')
    ingest = _land(tmp_path, "a.csv", source="csv")
    assert ingest.rows == 4 and ingest.keep == ("n",)
    rows = _rows(tmp_path, ingest)
    assert rows[["place", "pair_id", "premise", "n"]].values.tolist() == [
        ["a.csv:2", "1", "p", ""],
        ["a.csv:3", "2", "p, q", "7"],
    ]
    aside = _rows(tmp_path, ingest, aside=True)
    assert aside[["place", "reason"]].values.tolist() == [
        ["a.csv:4", "wrong_field_count"],
        ["a.csv:5", "empty_text"],
    ]


def test_jsonl_hands_on_what_is_no_text_as_json(tmp_path: Path) -> None:
    lines = [
        json.dumps({"premise": "p", "hypothesis": "h", "more": {"a": [1, "é"]}, "text2": None}),
        '{"premise": "\\ud800", "hypothesis": "h"}',
        '{"premise": 5, "hypothesis": "h"}',
        "[]",
        '{"hypothesis": "h"}',
        '{"premise": "p", "hypothesis": "h", "more": "\\ud800"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    chosen = {"columns": {"hypothesis": "hypothesis"}}
    ingest = _land(tmp_path, tmp_path, source="jsonl", options=chosen)
    rows, aside = _rows(tmp_path, ingest), _rows(tmp_path, ingest, aside=True)
    assert rows["more"].tolist() == ['{"a": [1, "é"]}', "\\ud800"]
    assert rows["text2"].tolist() == [None, None]
    assert rows["pair_id"].tolist() == ["a.jsonl:1", "a.jsonl:6"]
    reasons = ["invalid_unicode", "wrong_type", "invalid_json", "empty_text"]
    assert aside["reason"].tolist() == reasons


def test_parquet_keeps_types_and_partitions(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for genre, count in (("a", 3), ("b", 2)):
        when = pd.Series(pd.date_range("2026-01-01", periods=count, tz="Europe/Zurich"))
        kind = pd.Categorical(["x"] * count)
        write_pairs(folder / f"genre={genre}" / "part.parquet", count, when=when, kind=kind, n=1)
    (folder / "_SUCCESS").touch()
    ingest = _land(tmp_path, folder)
    assert [part.rows for part in ingest.parts] == [3, 2]
    rows = _rows(tmp_path, ingest)
    assert rows["genre"].tolist() == ["a"] * 3 + ["b"] * 2
    assert rows["when"].iloc[0] == pd.Timestamp("2025-12-31 23:00", tz="UTC")
    assert rows["n"].dtype == "int64" and rows["kind"].tolist() == ["x"] * 5
    assert list(rows.columns) == [*LANDED, "when", "kind", "n", "genre"]


def test_bytes_that_are_no_text_cost_their_row(tmp_path: Path) -> None:
    texts = pa.array([b"caf\xe9", b"caf\xc3\xa9"], pa.binary()).view(pa.string())
    table = pa.table({"premise": texts, "hypothesis": ["h", "h"]})
    pq.write_table(table, tmp_path / "a.parquet")
    ingest = _land(tmp_path, "a.parquet")
    assert _rows(tmp_path, ingest)["premise"].tolist() == ["café"]
    assert _rows(tmp_path, ingest, aside=True)["reason"].tolist() == ["undecodable_bytes"]


def test_a_column_that_one_file_lacks_is_empty_there(tmp_path: Path) -> None:
    write_pairs(tmp_path / "in/a.parquet", 1, n=1)
    write_pairs(tmp_path / "in/b.parquet", 1, m="x")
    rows = _rows(tmp_path, _land(tmp_path, "in"))
    assert rows["m"].tolist() == [None, "x"] and rows["n"].iloc[0] == 1


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 25])
def test_portions_hold_every_row_once_in_order(tmp_path: Path, rows: int) -> None:
    path = write_pairs(tmp_path / "a.parquet", rows)
    ingest = _land(tmp_path, path, portion_rows=10)
    portions = sorted((tmp_path / "landed" / ingest.parts[0].key / ROWS).glob("portion=0*"))
    sizes = [pq.read_metadata(folder / "part.parquet").num_rows for folder in portions]
    assert sizes == ([10] * (rows // 10) + [rows % 10] * bool(rows % 10) or [0])
    assert _rows(tmp_path, ingest)["pair_id"].tolist() == [f"r{n}" for n in range(rows)]


def test_what_was_landed_is_not_read_again_unless_it_is_read_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_pairs(tmp_path / "a.parquet", 3)
    first = _land(tmp_path, path)
    monkeypatch.setattr(landing, "read_file", None)
    assert _land(tmp_path, path).parts == first.parts
    assert _land(tmp_path, path, workers=3).rows_known == 3
    with pytest.raises(TypeError):
        _land(tmp_path, path, max_characters=5)


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_pairs(tmp_path / "a.parquet", 3)
    original = landing.read_file

    def meanwhile(*arguments: object) -> object:
        yield from original(*arguments)
        path.touch()

    monkeypatch.setattr(landing, "read_file", meanwhile)
    with pytest.raises(DataError, match="changed while it was read"):
        _land(tmp_path, path)
    assert not list((tmp_path / "landed").glob("*/*"))


@pytest.mark.parametrize(
    ("path", "source", "what"),
    [
        (None, "parquet", "source_path is not set"),
        ("nowhere.csv", "csv", "there is no file"),
        ("empty", "csv", r"no \*.csv or \*.csv.gz in"),
        ("empty", "parquet", "is a folder"),
        ("torn.parquet", "parquet", "cannot be read as Parquet"),
    ],
)
def test_what_is_not_there_is_said_so(
    tmp_path: Path, path: str | None, source: str, what: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match=what):
        chosen = BatchScoringParameters.model_validate({"source_path": path, "source": source})
        plan_files(chosen, (tmp_path,))
