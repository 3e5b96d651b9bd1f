"""What was landed: the parts of a data set, each read once from a file that has not changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from nli_lifecycle.nli.data.raw.reading import RawRow


class LandedPart(BaseModel):
    """Rows of one file, or of one version of a table, as they were landed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int  # in the order in which parts came; decides which of equal pairs is the first
    key: str  # names the part's folder
    source: str
    name: str  # of the file, as places in it are named
    origin: str  # where it was read from
    stamp: str  # what changes when the file does: size and time, or a version
    content: str  # sha256 of its bytes, or the version again
    rows: int


class Ingest(BaseModel):
    """Everything that was landed for the present data set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    keep: tuple[str, ...]
    parts: tuple[LandedPart, ...]
    rows_new: int  # landed by the run that wrote this
    rows_known: int  # landed by earlier runs, and not read again

    @property
    def rows(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)


@dataclass(frozen=True)
class Portion:
    """A part of a source before it is landed: nothing of it is read before it is asked for."""

    source: str
    name: str
    origin: str
    stamp: str
    settings: str  # how it is to be read; other settings make another part
    content: Callable[[], str]
    rows: Callable[[], Iterator[RawRow]]
