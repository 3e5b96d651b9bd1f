"""The pandas engine: streams keep order, groups are whole, in memory and on disk alike."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.engines import local
from nli_lifecycle.engines.local import LocalEngine, LocalTable
from nli_lifecycle.engines.table import EngineError, parquet_files

SCHEMA = pa.schema([("number", pa.int64()), ("key", pa.string()), ("text", pa.string())])
COUNTS = pa.schema([("key", pa.string()), ("rows", pa.int64()), ("total", pa.int64())])


def _table(rows: list[tuple[int, str | None, str | None]]) -> LocalTable:
    return LocalEngine().from_pandas(pd.DataFrame(rows, columns=SCHEMA.names), SCHEMA)


def _count(frame: pd.DataFrame) -> pd.DataFrame:
    groups = frame.groupby("key")["number"]
    return groups.agg(["size", "sum"]).reset_index().set_axis(COUNTS.names, axis=1)


def test_map_gives_any_number_of_rows() -> None:
    table = _table([(1, "a", "x"), (2, "b", "y")])
    doubled = table.map(lambda frame: pd.concat([frame, frame]), SCHEMA).to_pandas()
    assert doubled["number"].tolist() == [1, 2, 1, 2]
    assert table.map(lambda frame: frame[:0], SCHEMA).to_pandas().empty


def test_extend_converts_only_what_it_is_asked_to() -> None:
    seen = []

    def mark(frame: pd.DataFrame) -> pd.DataFrame:
        seen.append(list(frame.columns))
        return pd.DataFrame({"mark": frame["number"] * 2, "text": "new"})

    schema = pa.schema([*SCHEMA, ("mark", pa.int64())])
    made = _table([(1, "a", "x"), (2, "b", None)]).extend(mark, ["number"], schema).to_pandas()
    assert seen == [["number"]]
    assert made.to_dict("list") == {
        "number": [1, 2],
        "key": ["a", "b"],
        "text": ["new", "new"],
        "mark": [2, 4],
    }


_ROWS = st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abcdeé"), st.text(max_size=4)))


@settings(deadline=None, max_examples=40)
@given(_ROWS)
def test_groups_are_whole_in_memory_and_on_disk(rows: list[tuple[int, str, str]]) -> None:
    rows = [(number, key, text.encode("utf-8", "ignore").decode()) for number, key, text in rows]
    expected: dict[str, tuple[int, int]] = {}
    for number, key, _ in rows:
        count, total = expected.get(key, (0, 0))
        expected[key] = (count + 1, total + number)
    for limit in (2**30, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "GROUP_BYTES", limit)
            patch.setattr(local, "BATCH_ROWS", 3)
            made = _table(rows).group("key", _count, COUNTS).to_pandas()
        assert made["key"].is_unique
        found = dict(zip(made["key"], zip(made["rows"], made["total"])))
        assert found == expected


@pytest.mark.parametrize("limit", [2**30, 0])
def test_groups_by_number_negative_ones_too(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GROUP_BYTES", limit)
    numbers = [-(2**62), -1, 0, 7, 2**62] * 3
    frame = pd.DataFrame({"number": numbers})
    schema = pa.schema([("number", pa.int64())])
    table = LocalEngine().from_pandas(frame, schema)
    sizes = pa.schema([("number", pa.int64()), ("rows", pa.int64())])
    made = table.group(
        "number", lambda rows: rows.groupby("number").size().reset_index(name="rows"), sizes
    )
    assert made.to_pandas().sort_values("number").values.tolist() == [
        [number, 3] for number in sorted(set(numbers))
    ]


def test_attach_leaves_null_where_there_is_no_row() -> None:
    other = LocalEngine().from_pandas(
        pd.DataFrame({"number": [5, 1], "mark": ["five", "one"]}),
        pa.schema([("number", pa.int64()), ("mark", pa.string())]),
    )
    made = _table([(1, "a", "x"), (9, "b", "y"), (5, "c", "z")]).attach(other, "number")
    assert made.to_pandas()["mark"].tolist() == ["one", None, "five"]
    nothing = other.where("mark", "absent")
    assert made.attach(nothing.select(["number"]), "number").to_pandas()["key"].tolist() == list(
        "abc"
    )


def test_where_select_and_union() -> None:
    table = _table([(1, "a", "x"), (2, "b", None)])
    assert table.where("key", "b").select(["text", "number"]).to_pandas().values.tolist() == [
        [None, 2]
    ]
    assert table.union(table.where("text", "x")).to_pandas()["number"].tolist() == [1, 2, 1]


def test_what_is_written_is_read_whatever_the_text(tmp_path: Path) -> None:
    ugly = ["\x00", "\u202eabc", "a\u200bb", "👍🏽", "e\u0301", "", " ", "\r\n", '"', None]
    table = _table([(n, "k", text) for n, text in enumerate(ugly)])
    table.write(tmp_path / "t")
    assert LocalEngine().read([tmp_path / "t"], SCHEMA).to_pandas()["text"].tolist() == ugly


def test_many_rows_are_several_files_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "FILE_ROWS", 10)
    monkeypatch.setattr(local, "BATCH_ROWS", 5)
    table = _table([(n, "k", "t") for n in range(23)])
    table.in_order("number").write(tmp_path / "t")
    assert len(parquet_files([tmp_path / "t"])) == 3
    assert LocalEngine().read([tmp_path / "t"], SCHEMA).to_pandas()["number"].tolist() == list(
        range(23)
    )


def test_no_rows_at_all(tmp_path: Path) -> None:
    empty = _table([])
    empty.in_order("number").group("key", _count, COUNTS).write(tmp_path / "t")
    assert list(LocalEngine().read([tmp_path / "t"], COUNTS).to_pandas().columns) == COUNTS.names
    assert LocalEngine().read([], SCHEMA).to_pandas().empty


def test_grouped_rows_are_not_taken_for_ordered_ones(tmp_path: Path) -> None:
    table = _table([(n, "k", "t") for n in (3, 1, 2)])
    with pytest.raises(ValueError, match="not in order of number"):
        table.in_order("number").write(tmp_path / "t")


def test_a_column_of_another_type_is_refused_and_not_guessed(tmp_path: Path) -> None:
    table = _table([(1, "a", "x")]).map(lambda frame: frame.assign(number="one"), SCHEMA)
    with pytest.raises(pa.ArrowInvalid):
        table.to_pandas()


def test_tables_of_a_platform_need_spark() -> None:
    with pytest.raises(EngineError, match="main.nli.pairs is read with engine: spark only"):
        LocalEngine().named_table("main.nli.pairs")


def test_numbers_do_not_pass_through_floats() -> None:
    large = 2**60 + 1
    made = _table([(large, "a", "x")]).map(lambda frame: frame, SCHEMA).to_pandas()
    assert made["number"].tolist() == [large] and made["number"].dtype == np.int64
