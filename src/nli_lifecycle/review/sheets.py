"""The sheets that people label: CSV for spreadsheets, JSON lines without any loss."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.lines import read_lines
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, column_names, read_rows

#: What people see of a pair, and the three columns they fill in.
SHEET_COLUMNS = ["review_id", "pair_id", "premise", "hypothesis", "label", "reviewer", "note"]
#: What sways them; shown on request.
ANSWER_COLUMNS = [
    *("reason", "candidate", "candidate_confidence", "champion", "champion_confidence"),
]
#: What a sheet must have when it comes back.
_NEEDED = ("review_id", "premise", "hypothesis", "label")

# A cell that begins so is a formula to a spreadsheet (OWASP, "CSV injection").
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
#: Excel takes a CSV file for UTF-8 only where it begins with this.
_MARK = "\ufeff"


def write_csv(rows: pd.DataFrame, show_answers: bool, reviewer: str = "") -> str:
    """Lay out rows of a queue as CSV (RFC 4180), to be labelled in a spreadsheet."""
    sheet = _sheet(rows, show_answers, reviewer)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(sheet.columns)
    writer.writerows([map(guard, row) for row in sheet.itertuples(index=False)])
    return _MARK + text.getvalue()


def write_jsonl(rows: pd.DataFrame, show_answers: bool, reviewer: str = "") -> str:
    """Lay out rows of a queue as JSON lines."""
    records = _sheet(rows, show_answers, reviewer).to_dict("records")
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def read_sheet(path: Path) -> Iterator[RawRow]:
    """Read a sheet that came back, whichever separator a spreadsheet saved it with.

    Args:
        path: JSON lines if its name says so, else CSV; gzipped or not.

    Yields:
        One ``RawRow`` for each row, readable or not.

    Raises:
        DataError: it cannot be opened, or lacks a column.
    """
    layout = Layout("jsonl")
    if ".json" not in path.name.lower():
        first = next(iter(read_lines(path, "utf-8"))).text
        delimiter = max(",;\t", key=first.count)
        layout = Layout("delimited", delimiter=delimiter, quoting="minimal")
    found = column_names(path, layout)
    if missing := [name for name in _NEEDED if name not in found]:
        raise DataError(
            f"{path}: it has no column {' and no column '.join(missing)}. A sheet comes back with "
            f"the columns it was written with; found: {', '.join(found)}."
        )
    yield from read_rows(path, layout, path.name)


def guard(cell: object) -> object:
    """Keep a spreadsheet from running a text as a formula: an apostrophe in front of it."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """Take back what ``guard`` did; another text stays as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _sheet(rows: pd.DataFrame, show_answers: bool, reviewer: str) -> pd.DataFrame:
    shown = rows.assign(label="", reviewer=reviewer, note="")
    for name in ("candidate_confidence", "champion_confidence"):
        shown[name] = rows[name].round(3)
    columns = SHEET_COLUMNS + (ANSWER_COLUMNS if show_answers else [])
    sheet = shown[columns].astype(object)
    return sheet.where(sheet.notna(), "")
