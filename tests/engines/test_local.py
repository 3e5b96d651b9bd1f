"""The pandas engine: streams keep order, groups are whole, in memory and on disk alike."""

from collections import Counter
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


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)))
def test_groups_by_number_are_whole_in_memory_and_on_disk(numbers: list[int]) -> None:
    schema = pa.schema([("number", pa.int64())])
    sizes = pa.schema([("number", pa.int64()), ("rows", pa.int64())])
    frame = pd.DataFrame({"number": pd.Series(numbers, dtype="int64")})
    for limit in (2**30, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(local, "GROUP_BYTES", limit)
            patch.setattr(local, "BATCH_ROWS", 3)
            made = LocalEngine().from_pandas(frame, schema).group("number", _sizes, sizes)
            rows = made.to_pandas().values.tolist()
        assert sorted(rows) == sorted([n, count] for n, count in Counter(numbers).items())


def _sizes(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.groupby("number").size().reset_index(name="rows")


@pytest.mark.parametrize("limit", [2**30, 0])
def test_rows_without_a_key_are_a_group_too(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "GROUP_BYTES", limit)
    monkeypatch.setattr(local, "BATCH_ROWS", 2)
    table = _table([(1, None, "x"), (2, "a", "x"), (3, None, "x"), (4, "a", "x"), (5, "", "x")])
    frames: list[list[str | None]] = []

    def note(frame: pd.DataFrame) -> pd.DataFrame:
        frames.append(frame["key"].tolist())
        return frame

    made = table.group("key", note, SCHEMA).to_pandas()
    assert sorted(made["number"]) == [1, 2, 3, 4, 5]
    for key, rows in ((None, 2), ("a", 2), ("", 1)):
        assert [frame.count(key) for frame in frames if key in frame] == [rows]


def test_a_large_group_spills_whole_and_leaves_nothing_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "GROUP_BYTES", 10_000)
    monkeypatch.setattr(local.tempfile, "tempdir", str(tmp_path))
    table = _table([(n, "large" if n % 3 else f"k{n}", "t") for n in range(200_000)])
    made = table.group("key", _count, COUNTS).to_pandas().set_index("key")
    assert made.loc["large", "rows"] == 133_333 and made.loc["k199998", "total"] == 199_998
    assert len(made) == 66_668 and made["total"].sum() == 199_999 * 100_000
    assert list(tmp_path.iterdir()) == []


def test_a_failure_while_grouping_leaves_nothing_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "GROUP_BYTES", 0)
    monkeypatch.setattr(local.tempfile, "tempdir", str(tmp_path))

    def failing(frame: pd.DataFrame) -> pd.DataFrame:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        _table([(1, "a", "x"), (2, "b", "y")]).group("key", failing, COUNTS).to_pandas()
    assert list(tmp_path.iterdir()) == []


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


_ATTACHED = st.dictionaries(st.integers(-9, 9), st.text("ab", max_size=2) | st.none())


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(-12, 12)), _ATTACHED)
def test_attach_is_a_left_join(numbers: list[int], known: dict[int, str | None]) -> None:
    schema = pa.schema([("number", pa.int64()), ("mark", pa.string())])
    marks = pd.DataFrame(known.items(), columns=schema.names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "BATCH_ROWS", 4)
        rows = _table([(number, "k", "t") for number in numbers])
        made = rows.attach(LocalEngine().from_pandas(marks, schema), "number").to_pandas()
    assert made["number"].tolist() == numbers
    assert made["mark"].tolist() == [known.get(number) for number in numbers]


def test_where_leaves_out_nulls_and_select_reorders(tmp_path: Path) -> None:
    table = _table([(1, None, "x"), (2, "b", "y"), (3, "", "z")])
    assert table.where("key", "").to_pandas()["number"].tolist() == [3]
    assert table.select(["text", "number"]).schema.names == ["text", "number"]
    table.write(tmp_path / "t")
    narrow = pa.schema([SCHEMA.field("text"), SCHEMA.field("number")])
    read = LocalEngine().read([tmp_path / "t"], narrow).to_pandas()
    assert read.to_dict("list") == {"text": ["x", "y", "z"], "number": [1, 2, 3]}


def test_a_column_that_no_file_has_is_an_error(tmp_path: Path) -> None:
    _table([(1, "a", "x")]).write(tmp_path / "t")
    schema = pa.schema([SCHEMA.field("number"), ("absent", pa.string())])
    with pytest.raises(ValueError):
        LocalEngine().read([tmp_path / "t"], schema).to_pandas()


def test_several_folders_are_read_one_after_the_other(tmp_path: Path) -> None:
    _table([(3, "a", "x")]).write(tmp_path / "b")
    _table([(1, "a", "x"), (2, "a", "x")]).write(tmp_path / "a")
    read = LocalEngine().read([tmp_path / "b", tmp_path / "a"], SCHEMA)
    assert read.to_pandas()["number"].tolist() == [3, 1, 2]


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


@pytest.mark.parametrize("rows", [0, 9, 10, 20, 21, 35])
def test_as_many_files_as_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(local, "FILE_ROWS", 10)
    monkeypatch.setattr(local, "BATCH_ROWS", 5)
    table = _table([(n, "k" if n % 2 else "even", "t") for n in range(rows)])
    table.write(tmp_path / "t")
    assert len(parquet_files([tmp_path / "t"])) == max(1, -(-rows // 10))
    assert LocalEngine().read([tmp_path / "t"], SCHEMA).to_pandas()["number"].tolist() == list(
        range(rows)
    )
    table.where("key", "no such").write(tmp_path / "none")  # batches, but none has rows
    assert LocalEngine().read([tmp_path / "none"], SCHEMA).to_pandas().empty


def test_batches_larger_than_files_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "FILE_ROWS", 3)
    _table([(n, "k", "t") for n in range(40)]).union(_table([(40, "k", "t")])).write(tmp_path / "t")
    read = LocalEngine().read([tmp_path / "t"], SCHEMA).to_pandas()
    assert read["number"].tolist() == list(range(41))


def test_a_folder_that_is_there_is_not_written_into(tmp_path: Path) -> None:
    _table([(1, "a", "x")]).write(tmp_path / "t")
    with pytest.raises(FileExistsError):
        _table([(2, "b", "y")]).write(tmp_path / "t")
    assert LocalEngine().read([tmp_path / "t"], SCHEMA).to_pandas()["number"].tolist() == [1]


def test_every_step_on_no_rows() -> None:
    empty, mark = _table([]), pa.schema([("number", pa.int64()), ("mark", pa.string())])
    other = LocalEngine().from_pandas(pd.DataFrame({"number": [1], "mark": ["m"]}), mark)
    extended = pa.schema([*SCHEMA, ("mark", pa.string())])

    def never(frame: pd.DataFrame) -> pd.DataFrame:
        raise AssertionError("called without rows")

    for made, names in [
        (empty.map(never, mark), ["number", "mark"]),
        (empty.extend(never, ["number"], extended), extended.names),
        (empty.group("key", never, COUNTS), COUNTS.names),
        (empty.union(empty), SCHEMA.names),
        (empty.attach(other, "number"), extended.names),
        (empty.attach(other.where("mark", "no"), "number"), extended.names),
        (empty.where("key", "a"), SCHEMA.names),
        (empty.select(["text"]), ["text"]),
        (empty.in_order("number"), SCHEMA.names),
    ]:
        rows = made.to_pandas()
        assert list(rows.columns) == names and rows.empty
    with_nothing = _table([(1, "a", "x")]).attach(other.where("mark", "no"), "number")
    assert with_nothing.to_pandas()["mark"].tolist() == [None]


@pytest.mark.parametrize("limit", [2**30, 0])
def test_rows_that_a_group_mixed_up_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(local, "GROUP_BYTES", limit)
    table = _table([(n, "ab"[n % 2], "t") for n in range(6)])
    grouped = table.group("key", lambda rows: rows.sort_values("key"), SCHEMA)
    with pytest.raises(ValueError, match="These rows were grouped, so they are not in order"):
        grouped.in_order("number").write(tmp_path / "t")


def test_order_is_checked_from_batch_to_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "BATCH_ROWS", 2)
    table = _table([(n, "k", "t") for n in (1, 2, 2, 3, 0, 9)])
    with pytest.raises(ValueError, match="not in order of number"):
        table.in_order("number").to_pandas()
    ordered = _table([(n, "k", "t") for n in (1, 2, 2, 3)]).in_order("number").to_pandas()
    assert ordered["number"].tolist() == [1, 2, 2, 3]


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


def test_numbers_do_not_pass_through_floats_not_even_beside_a_null() -> None:
    large = 2**59 + 1
    other = LocalEngine().from_pandas(
        pd.DataFrame({"number": [1], "mark": [large]}),
        pa.schema([("number", pa.int64()), ("mark", pa.int64())]),
    )
    attached = _table([(1, "a", "x"), (large, "b", "y")]).attach(other, "number")
    seen: list[object] = []

    def look(frame: pd.DataFrame) -> pd.DataFrame:
        seen.extend(frame["mark"])
        return frame

    made = attached.map(look, attached.schema).to_pandas()
    assert seen == [large, None]
    assert made["number"].tolist() == [1, large] and made["number"].dtype == np.int64
