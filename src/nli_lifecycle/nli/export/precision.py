"""int8 where it answers as float32 does, float32 where it does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pandas import DataFrame

from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.export.quantise import write_int8_graph
from nli_lifecycle.parameters import ExportParameters

JUDGED_PAIRS = 1000  # at most: enough to see half a point, and 10 s for both models

Precision = Literal["int8", "float32"]


@dataclass(frozen=True)
class PrecisionChoice:
    """Which precision, why, and how int8 compared with float32 (None: it was not tried)."""

    precision: Precision
    reason: str
    agreement: float | None = None  # share of pairs given the same label
    accuracy_drop_points: float | None = None  # accuracy of float32 minus that of int8


def choose_precision(
    payload: Path, parameters: ExportParameters, validation: DataFrame
) -> PrecisionChoice:
    """Quantise a float payload in place, unless int8 is unwanted or answers too differently.

    Args:
        payload: folder with a float32 model.onnx, tokenizer.json and inference.json.
        parameters: whether int8 is wanted, and the tolerances it must meet.
        validation: pairs (premise, hypothesis, label) to compare on; the first thousand are used.

    Returns:
        The choice; model.onnx and inference.json are left in that precision.
    """
    judged = validation.head(JUDGED_PAIRS)
    if not parameters.int8:
        return PrecisionChoice("float32", "int8 is switched off in the parameters")
    if judged.empty:
        return PrecisionChoice("float32", "there are no validation pairs to judge int8 on")
    truth = judged["label"].map(LABELS.index).to_numpy()
    by_float = _classify(payload, judged)

    int8_file, float_file = payload / "model.onnx", payload / "float32.onnx"
    int8_file.rename(float_file)
    write_int8_graph(float_file, int8_file)
    by_int8 = _classify(payload, judged)

    agreement = float((by_int8 == by_float).mean())
    drop = 100 * float((by_float == truth).mean() - (by_int8 == truth).mean())
    measured = (
        f"on {len(judged):,} validation pairs int8 agrees with float32 on {agreement:.1%} "
        f"(at least {parameters.min_agreement:.1%}) and loses {drop:.2f} points of accuracy "
        f"(at most {parameters.max_accuracy_drop:g})"
    )
    if agreement >= parameters.min_agreement and drop <= parameters.max_accuracy_drop:
        float_file.unlink()
        settings = json.loads((payload / "inference.json").read_text(encoding="utf-8"))
        write_settings(payload, settings | {"precision": "int8"})
        return PrecisionChoice("int8", measured, agreement, drop)
    float_file.replace(int8_file)
    return PrecisionChoice("float32", f"int8 is refused: {measured}", agreement, drop)


def write_settings(payload: Path, settings: Mapping[str, Any]) -> None:
    """Write inference.json.

    Args:
        payload: the folder.
        settings: what ``nli.inference`` reads there.
    """
    text = json.dumps(settings, indent=1, sort_keys=True) + "\n"
    (payload / "inference.json").write_text(text, encoding="utf-8")


def _classify(payload: Path, pairs: DataFrame) -> Any:
    """Indices (n,) of the labels that the payload gives."""
    classifier = Classifier.load(payload, verify=False)
    return classifier.predict_proba(pairs["premise"], pairs["hypothesis"]).argmax(axis=1)
