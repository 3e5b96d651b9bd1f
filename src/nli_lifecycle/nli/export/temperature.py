"""The one number that makes a payload as sure as it is right."""

from __future__ import annotations

import json
from pathlib import Path

from pandas import DataFrame

from nli_lifecycle.nli.export.precision import write_settings
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.calibration import fit_temperature

FEWEST_PAIRS = 100  # on fewer, a lucky or unlucky few would decide how sure the model is
MOST_PAIRS = 2_000  # enough for two digits, and 20 s at most


def calibrate_payload(payload: Path, validation: DataFrame) -> float:
    """Fit the temperature of the very model that is shipped, and write it into inference.json.

    Args:
        payload: folder in its final precision, at temperature 1.
        validation: pairs (premise, hypothesis, label); the first ``MOST_PAIRS`` are used.

    Returns:
        The temperature: above 1 where the model was too sure. 1 where there are fewer than
        ``FEWEST_PAIRS`` pairs. No label changes by it.
    """
    judged = validation.head(MOST_PAIRS)
    if len(judged) < FEWEST_PAIRS:
        return 1.0
    answers = Classifier.load(payload, verify=False).predict_proba(
        judged["premise"], judged["hypothesis"]
    )
    temperature = round(fit_temperature(judged["label"].map(LABELS.index).to_numpy(), answers), 4)
    settings = json.loads((payload / "inference.json").read_text(encoding="utf-8"))
    write_settings(payload, settings | {"temperature": temperature})
    return temperature
