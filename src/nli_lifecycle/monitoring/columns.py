"""Columns of the inference log as arrays, whatever reader they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.labels import LABELS

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

#: Columns to ask a reader for; those that a log lacks count as unknown in every row.
FEATURES = ("premise_words", "hypothesis_words", "overlap", "unknown_share", "latency_ms")
COLUMNS = (
    "role",
    "position",
    "time",
    "model",
    "version",
    "digest",
    "epoch",
    "label",
    *(f"p_{label}" for label in LABELS),
    "premise_chars",
    *FEATURES,
    "arrival",
)
UNKNOWN = "unknown"
#: By how much three probabilities may miss a sum of 1: they are stored as they were answered.
SUM_TOLERANCE = 1e-3
_CODES = {label: code for code, label in enumerate(LABELS)}

Key = tuple[str, str, str, int]  # model, version, digest, epoch
Columns = Mapping[str, Sequence[Any] | npt.NDArray[Any]]


@dataclass(frozen=True)
class Rows:
    """Rows of champions, by rising arrival, each arrival once.

    Attributes:
        arrival: shape (n,).
        time: UTC, shape (n,), of ``datetime`` objects.
        position: of the pair in its request, shape (n,); 0 where the log does not say.
        premise: its length in words and characters, as one number by which neighbouring premises of
            a request are told apart, shape (n,).
        key: place in ``keys`` of who answered, shape (n,).
        keys: model, version, digest and epoch.
        label: label index, shape (n,); -1: no label of ours.
        probabilities: shape (n, 3), in ``LABELS`` order.
        features: of each of ``FEATURES``, shape (n,); NaN: unknown.
        sound: whether label and probabilities can be used, shape (n,).
        places: of the rows in the batch, shape (n,).
        repeated: rows left out because their arrival was known, or came twice.
    """

    arrival: Ints
    time: npt.NDArray[np.object_]
    position: Ints
    premise: Ints
    key: Ints
    keys: tuple[Key, ...]
    label: Ints
    probabilities: Floats
    features: dict[str, Floats]
    sound: npt.NDArray[np.bool_]
    places: Ints
    repeated: int


def read(batch: Columns, after: int = 0) -> Rows:
    """Take what monitoring needs out of a batch of the log.

    Args:
        batch: column → values, as ``LogReader.rows`` gives them; needs ``arrival``, ``time``,
            ``label`` and the three probabilities. Rows of shadows are left out.
        after: rows that arrived up to here are known, and left out.

    Raises:
        ValueError: a needed column is not there, or columns differ in length.
    """
    needed = ("arrival", "time", "label", *(f"p_{label}" for label in LABELS))
    missing = [name for name in needed if name not in batch]
    if missing:
        raise ValueError(f"The batch has no {', '.join(missing)}: read these columns too.")
    count = len(batch["arrival"])
    uneven = {name: len(values) for name, values in batch.items() if len(values) != count}
    if uneven:
        raise ValueError(f"{count} arrivals, but {uneven}: columns of one batch have one length.")
    arrival = np.asarray(batch["arrival"], dtype=np.int64)
    _, places = np.unique(arrival, return_index=True)
    places = places[arrival[places] > after]
    repeated = count - len(places)
    if "role" in batch:
        champion = np.fromiter((role == "champion" for role in batch["role"]), np.bool_, count)
        places = places[champion[places]]
    label = np.fromiter((_CODES.get(name, -1) for name in batch["label"]), np.int64, count)
    probabilities = np.column_stack([_floats(batch[f"p_{name}"]) for name in LABELS])
    label, probabilities = label[places], probabilities[places]
    key, keys = _keys(batch, count)
    return Rows(
        arrival=arrival[places],
        time=_times(batch["time"])[places],
        position=_whole(batch, "position", count)[places],
        premise=(
            _whole(batch, "premise_words", count) + (_whole(batch, "premise_chars", count) << 31)
        )[places],
        key=key[places],
        keys=keys,
        label=label,
        probabilities=probabilities,
        features={
            name: (_floats(batch[name])[places] if name in batch else np.full(len(places), np.nan))
            for name in FEATURES
        },
        sound=sound(label, probabilities),
        places=places.astype(np.int64),
        repeated=repeated,
    )


def sound(label: Ints, probabilities: Floats) -> npt.NDArray[np.bool_]:
    """Whether each row has a label of ours and three probabilities, shape (n,)."""
    with np.errstate(invalid="ignore"):
        inside = ((probabilities >= 0) & (probabilities <= 1)).all(axis=1)  # NaN is not
        whole = np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE
    return np.asarray(inside & whole & (label >= 0))


def _floats(values: Sequence[Any] | npt.NDArray[Any]) -> Floats:
    return np.asarray(values, dtype=np.float64)  # None becomes NaN


def _whole(batch: Columns, name: str, count: int) -> Ints:
    """Whole numbers of 31 bits; 0 where the log does not say."""
    values = np.nan_to_num(_floats(batch[name])) if name in batch else np.zeros(count)
    return np.clip(values, 0, 2**31 - 1).astype(np.int64)


def _times(values: Sequence[Any] | npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        values = values.astype("datetime64[us]").tolist()
    moments = np.empty(len(values), dtype=np.object_)
    moments[:] = [utc(value) for value in values]
    return moments


def utc(moment: datetime) -> datetime:
    """A moment with its zone; one that says none is of UTC, as SQLite gives it."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)


def _keys(batch: Columns, count: int) -> tuple[Ints, tuple[Key, ...]]:
    """Number who answered; what a log does not say of it is unknown, a group of its own."""
    names = [batch.get(name, [None] * count) for name in ("model", "version", "digest", "epoch")]
    codes: dict[tuple[Any, ...], int] = {}
    key = np.fromiter((codes.setdefault(who, len(codes)) for who in zip(*names)), np.int64, count)
    return key, tuple(_key(*who) for who in codes)


def _key(model: Any, version: Any, digest: Any, epoch: Any) -> Key:
    names = [str(part) if part else UNKNOWN for part in (model, version, digest)]
    known = epoch is not None and epoch == epoch  # NaN is how frames say that there is none
    return names[0], names[1], names[2], int(epoch) if known else -1
