"""Parameters of batch_scoring: which pairs, which version, how much at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from nli_lifecycle.parameters import Parameters, SourceOptions

#: What scoring asks of a row; only the two texts must be there.
ScoredField = Literal["premise", "hypothesis", "pair_id"]


class ScoringOptions(Parameters):
    """How to read the files; each default means 'as such files usually are'."""

    columns: dict[ScoredField, str] = Field(
        default_factory=dict, description="our field (premise, hypothesis, pair_id) → file's column"
    )
    keep: tuple[str, ...] | None = Field(
        None, description="further columns handed on to the answers; None: all but the two texts"
    )
    encoding: str = Field("utf-8", description="text encoding of the files")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="field separator; default by source"
    )
    quoting: Literal["minimal", "none"] | None = Field(
        None, description="CSV quoting: 'minimal' honours quotes, 'none' reads them as text"
    )

    @property
    def layout(self) -> SourceOptions:
        """What of this the reader of raw files wants to know."""
        chosen = self.model_dump(include={"encoding", "delimiter", "quoting"})
        return SourceOptions.model_validate(chosen)


class BatchScoringParameters(Parameters):
    """Parameters of batch_scoring."""

    source: Literal["parquet", "csv", "tsv", "jsonl", "table"] = Field(
        "parquet",
        description="format of the pairs; 'table': one of the platform's catalog, on Spark",
    )
    source_path: str | None = Field(
        None, description="file, glob or folder, absolute or from the project; a table's name"
    )
    options: ScoringOptions = Field(default_factory=ScoringOptions)
    version: str | None = Field(None, description="version that scores; None: the champion")
    digest: str | None = Field(
        None, description="the same by digest, 12 digits or more; None: the champion"
    )
    max_characters: int = Field(
        20_000, gt=0, description="longest premise or hypothesis scored; longer → quarantine"
    )
    portion_rows: int = Field(
        16_384, ge=1, description="rows written together: what a killed run has to do again"
    )
    workers: int | None = Field(
        None, ge=1, description="portions scored at once; None: one a core, on Spark 4"
    )

    @field_validator("version", mode="before")
    @classmethod
    def _number_as_text(cls, version: object) -> object:
        return str(version) if isinstance(version, int) else version

    @field_validator("digest")
    @classmethod
    def _recognisable(cls, digest: str | None) -> str | None:
        if digest and not (12 <= len(digest) <= 64 and set(digest) <= set("0123456789abcdef")):
            raise ValueError(f"digest {digest!r}: give 12 to 64 hexadecimal digits")
        return digest

    @model_validator(mode="after")
    def _one_name(self) -> BatchScoringParameters:
        if self.version and self.digest:
            raise ValueError("version and digest name the same thing: give one of them")
        return self
