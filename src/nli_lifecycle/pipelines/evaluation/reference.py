"""Node of evaluation that keeps how the candidate answers in quiet times, for monitoring."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import numpy as np
import pandas as pd

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.monitoring_reference import MonitoringReference
from nli_lifecycle.monitoring.columns import read
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.text_drift import text_features
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.predictions import PROBABILITY_COLUMNS
from nli_lifecycle.parameters import EvaluationParameters
from nli_lifecycle.serving.log.vocabulary import TEXT_COLUMNS, load_vocabulary, measure_texts

#: Pairs whose text features are kept; more make text drift slower, and hardly sharper.
MOST_TEXTS = 2_000
_NO_TIME = datetime.fromtimestamp(0, timezone.utc)


def sum_up_answers(
    evidence: Evidence,
    candidate_bundle: Bundle,
    evaluation_pairs: pd.DataFrame,
    candidate_predictions: pd.DataFrame,
    evaluation: EvaluationParameters,
) -> MonitoringReference:
    """Sum up the candidate's answers as the service would have logged them.

    Returns:
        The summary of all pairs, without times and arrivals, which pairs of a file do not have;
        those of one premise count as asked together. And text features of at most ``MOST_TEXTS``
        pairs, which ones by the evaluation's seed.
    """
    vocabulary = load_vocabulary(candidate_bundle.path)
    texts = [
        measure_texts(premise, hypothesis, vocabulary)
        for premise, hypothesis in zip(evaluation_pairs["premise"], evaluation_pairs["hypothesis"])
    ]
    count = len(texts)
    premise = pd.factorize(evaluation_pairs["premise"])[0]
    order = np.argsort(premise, kind="stable")  # those of one premise in a row
    position = evaluation_pairs.groupby(premise).cumcount().to_numpy()
    logged = {
        "arrival": np.arange(1, count + 1),
        "position": position,
        "time": np.full(count, _NO_TIME, dtype=np.object_),
        "label": candidate_predictions["predicted"].to_numpy(),
        **{name: candidate_predictions[name].to_numpy() for name in PROBABILITY_COLUMNS},
        **dict(zip(TEXT_COLUMNS, np.array(texts, dtype=np.float64).T)),
    }
    generator = np.random.default_rng(evaluation.seed)
    drawn = np.sort(generator.permutation(count)[:MOST_TEXTS])
    features = text_features({name: values[drawn] for name, values in logged.items()})
    in_order = {name: values[order] for name, values in logged.items()}
    in_order["arrival"] = logged["arrival"]
    summary = replace(
        Summary.of(read(in_order)), begin=None, end=None, first_arrival=None, last_arrival=None
    )
    return MonitoringReference(
        evidence_hash=evidence.content_hash(),
        digest=evidence.candidate.digest,
        summary=summary.to_json(),
        texts=tuple(map(tuple, features.tolist())),
    )
