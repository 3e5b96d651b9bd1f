"""The one small interface behind which a laptop and a cluster do the same work.

All logic is functions from a pandas frame to a pandas frame. What differs between engines is
only who calls them, on how many rows at a time, and where the rows lie meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import pandas as pd
import pyarrow as pa

#: A pure function of rows; it is called on any number of them, on any machine.
FrameFunction = Callable[[pd.DataFrame], pd.DataFrame]

Rows = TypeVar("Rows", bound="Table")


class Table(Protocol):
    """Rows that may be more than memory holds; nothing is computed before they are needed."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""

    def map(self, function: FrameFunction, schema: pa.Schema) -> Table:
        """Apply a row-wise function to batches of rows.

        Args:
            function: gives for each batch any number of rows with at least the columns of
                ``schema``; must not depend on how rows are divided into batches.
            schema: of what it gives.
        """

    def extend(self, function: FrameFunction, inputs: Sequence[str], schema: pa.Schema) -> Table:
        """Compute columns of each row out of some of its columns.

        Args:
            function: gets the columns of ``inputs``, and gives as many rows in the same order,
                with new columns or others in place of old ones.
            inputs: what the function needs; no other column is converted for it.
            schema: of the whole, old columns that it hands on included.
        """

    def group(self, key: str, function: FrameFunction, schema: pa.Schema) -> Table:
        """Apply a function to frames that hold whole groups.

        Args:
            key: column; a frame that holds one row with some value of it holds all of them. Rows
                within a frame come in no order, and a frame may hold many groups.
            function: gives for each frame any number of rows with at least the columns of
                ``schema``.
            schema: of what it gives.
        """

    def union(self: Rows, other: Rows) -> Rows:
        """Put the rows of another table with the same schema behind these."""

    def attach(self: Rows, other: Rows, on: str) -> Rows:
        """Add another table's columns to each row, null where it has no row for it.

        Args:
            other: a table narrow enough for one machine's memory, unique by ``on``.
            on: an int64 column of both.
        """

    def where(self: Rows, column: str, value: str) -> Rows:
        """Keep the rows that have this text in this column."""

    def select(self, columns: Sequence[str]) -> Table:
        """Keep these columns, in this order."""

    def to_pandas(self) -> pd.DataFrame:
        """Bring all rows to this process: only for tables that are small by their meaning."""

    def in_order(self: Rows, column: str) -> Rows:
        """Sort by an int64 column.

        On one machine, rows stay in the order of the rows they were made of, and that must be the
        order asked for: ``write`` raises ValueError where rows were grouped.
        """

    def write(self, folder: Path) -> None:
        """Write Parquet files into a new folder, made here with its parents."""


class Engine(Protocol):
    """What makes tables."""

    name: str

    def read(self, folders: Sequence[Path], schema: pa.Schema) -> Table:
        """Open the Parquet files of some folders; none: a table without rows."""

    def from_pandas(self, frame: pd.DataFrame, schema: pa.Schema) -> Table:
        """Make a table of rows at hand."""

    def named_table(self, name: str) -> Table:
        """Open a table of the platform's catalog, such as ``main.nli.pairs``.

        Returns:
            Its rows, with a further int64 column ``position`` that numbers them.

        Raises:
            EngineError: this engine knows no such tables, or has no such table.
        """


class EngineError(ValueError):
    """The asked engine cannot work here: the message says what to install or to set."""


def parquet_files(folders: Sequence[Path]) -> list[Path]:
    """List the data files of folders of Parquet, in the order in which they were written."""
    return [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
