"""What a bundle remembers of its training: enough to tell whether its figures can be trusted.

Three files beside the payload, sealed with it: hashes of every row it was trained or validated
on, the hypothesis-only model of the same rows, and a few facts. Nothing here classifies, nothing
is a pickle, and the same training gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.data.baseline import FEATURES, HypothesisModel, fit_hypothesis_only
from nli_lifecycle.nli.data.overlap import Hashes, hash_rows
from nli_lifecycle.nli.labels import LABELS

ORIGIN = "artifacts/training"  # where the files lie inside a bundle
FORMAT = 1  # of training.json; a reader refuses what it does not know


class OriginError(ValueError):
    """Files about a bundle's training that cannot be what they claim to be."""


@dataclass(frozen=True)
class Origin:
    """A bundle's training.

    Attributes:
        rows: hashes of the training and validation rows, shape (n, 3).
        hypothesis_only: the baseline fitted on the training rows; None where it cannot be.
        facts: data_version, counts and the like.
    """

    rows: Hashes
    hypothesis_only: HypothesisModel | None
    facts: Mapping[str, Any]


def write_origin(
    folder: Path,
    train: pd.DataFrame,
    validation: pd.DataFrame,
    facts: Mapping[str, Any],
    *,
    before: Bundle | None = None,
) -> None:
    """Write what a bundle is to remember.

    Args:
        folder: to be made.
        train: the training pairs.
        validation: the validation pairs: they chose the epoch and the temperature.
        facts: further plain values, such as the data version.
        before: the bundle whose weights this training continued: its rows are remembered too.

    Raises:
        OriginError: when ``before`` does not say what it was trained on.
    """
    folder.mkdir(parents=True)
    rows = hash_rows(pd.concat([train, validation], ignore_index=True))
    if before is not None:
        rows = np.unique(np.concatenate([rows, _rows_of(before)]), axis=0)
        facts = {**facts, "continues": before.digest}
    np.save(folder / "rows.npy", rows[np.lexsort(rows.T[::-1])], allow_pickle=False)
    model = fit_hypothesis_only(train)
    if model is not None:
        np.save(folder / "hypothesis_only.npy", model.weights, allow_pickle=False)
    recorded = {
        "format": FORMAT,
        "training_rows": len(train),
        "validation_rows": len(validation),
        "labels": {label: int((train["label"] == label).sum()) for label in LABELS},
        "majority": model.majority if model else None,
        **facts,
    }
    text = json.dumps(recorded, indent=1, sort_keys=True)
    (folder / "training.json").write_text(text + "\n", encoding="utf-8")


def _rows_of(bundle: Bundle) -> Hashes:
    """The rows that a bundle's weights have seen."""
    origin = read_origin(bundle)
    if origin is None:
        raise OriginError(
            f"{bundle.path} does not say what it was trained on, so a model that continues it "
            "could be judged on rows it has seen. Start from an encoder instead."
        )
    return origin.rows


def read_origin(bundle: Bundle) -> Origin | None:
    """Read what a bundle remembers of its training.

    Returns:
        None for a bundle that was sealed without it.

    Raises:
        OriginError: naming the file that is no such thing.
    """
    folder = bundle.path / ORIGIN
    if not folder.is_dir():
        return None
    facts = _facts(folder / "training.json")
    rows = _array(folder / "rows.npy", np.dtype(np.uint64), (None, 3))
    weights, model = folder / "hypothesis_only.npy", None
    if weights.is_file():
        shape = (len(LABELS), FEATURES + 1)
        loaded = _array(weights, np.dtype(np.float32), shape)
        model = HypothesisModel(loaded, str(facts["majority"]))
    return Origin(rows, model, facts)


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise OriginError(
                f"{path} has format {facts['format']!r}; this version reads format {FORMAT}."
            )
        _ = facts["majority"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, OriginError):
            raise
        raise OriginError(f"{path} cannot be read ({error!r}). Train the model again.") from None
    return facts


def _array(path: Path, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> npt.NDArray[Any]:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise OriginError(f"{path} cannot be read ({error}). Train the model again.") from None
    fits = found.ndim == len(shape) and all(
        wanted in (None, size) for wanted, size in zip(shape, found.shape)
    )
    if found.dtype != dtype or not fits:
        raise OriginError(
            f"{path} holds {found.dtype} {found.shape}, not what a training leaves. "
            "Train the model again."
        )
    return np.asarray(found)
