"""Every raw row is landed, readable or not, with its place and position."""

from nli_lifecycle.nli.data.landing import LANDED_ROWS, land_rows
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.data.schemas import PART_ROWS, landed_schema


def _row(number: int, **fields: str) -> RawRow:
    pair = {"pair_id": str(number), "premise": "p", "hypothesis": "h", "label": "neutral"}
    return RawRow(f"x:{number}", pair | {"genre": "", "split": ""} | fields)


def test_no_rows_make_no_batch() -> None:
    assert list(land_rows([], "csv", ())) == []


def test_an_unreadable_row_is_landed_with_its_problem() -> None:
    bad = RawRow("x:2", None, "undecodable_bytes", "byte 0x92", "it\\x92s")
    (batch,) = land_rows([_row(1), bad], "csv", ())
    assert batch.schema.equals(landed_schema(()))
    first, second = batch.to_pylist()
    assert (first["premise"], first["reason"], first["place"]) == ("p", "", "x:1")
    assert (second["premise"], second["reason"]) == (None, "undecodable_bytes")
    assert (second["detail"], second["excerpt"]) == ("byte 0x92", "it\\x92s")


def test_positions_run_on_within_a_part_and_never_meet_those_of_another() -> None:
    rows = [_row(number) for number in range(LANDED_ROWS + 3)]
    batches = list(land_rows(iter(rows), "csv", (), part=2))
    assert [batch.num_rows for batch in batches] == [LANDED_ROWS, 3]
    positions = [number for batch in batches for number in batch["position"].to_pylist()]
    assert positions == list(range(2 * PART_ROWS, 2 * PART_ROWS + LANDED_ROWS + 3))


def test_kept_columns_are_carried_along_and_empty_where_a_row_has_none() -> None:
    (batch,) = land_rows([_row(1, region="north"), _row(2)], "csv", ("region",))
    assert batch["region"].to_pylist() == ["north", None]
