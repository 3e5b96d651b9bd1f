"""The model of a bundle, run by the code that the bundle brings along, verified at every load."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nli_lifecycle.nli.bundle import BundleError, open_bundle


class Model(Protocol):
    """What scores: the bundle's own ``Classifier``."""

    def predict_proba(
        self, premises: Sequence[str], hypotheses: Sequence[str]
    ) -> npt.NDArray[np.float64]:
        """Probabilities (n, 3), columns in the order of ``nli.labels.LABELS``."""


@lru_cache(maxsize=1)
def load_model(folder: Path, digest: str) -> Model:
    """Open a bundle's folder, check every byte and its golden probes; once in a process.

    Args:
        folder: of the bundle.
        digest: what it must be.

    Returns:
        The model, with one thread a batch: the cores are kept busy by batches side by side.

    Raises:
        BundleError: the folder was altered, is another bundle, or answers otherwise than it did.
    """
    bundle = open_bundle(folder)
    if bundle.digest != digest:
        raise BundleError(
            f"{folder} holds the bundle {bundle.digest[:12]}, not {digest[:12]}. Run again: it is "
            "fetched anew."
        )
    path = bundle.payload / "inference.py"
    module = ModuleType(f"nli_inference_{uuid.uuid4().hex}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
        model: Model = module.Classifier.load(bundle.payload, threads=1)
    except Exception as error:  # whatever the bundle's own code raises, it does not work
        raise BundleError(
            f"The bundle {digest[:12]} does not answer here as it was sealed: {error}"
        ) from error
    return model
