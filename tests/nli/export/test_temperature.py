"""The temperature a payload ships with: fitted on what it answers, without changing an answer."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from tiny_bundle import PAIRS, make_tiny_payload

from nli_lifecycle.nli.export.golden import record_golden
from nli_lifecycle.nli.export.temperature import FEWEST_PAIRS, calibrate_payload
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.measures import row_log_losses


@pytest.fixture(scope="module")
def payload(tmp_path_factory):
    return make_tiny_payload(tmp_path_factory.mktemp("payload") / "one", int8=False)


def settings(payload) -> dict[str, object]:
    return json.loads((payload / "inference.json").read_text())


def test_few_pairs_leave_it_at_one(payload):
    few = pd.concat([PAIRS] * 4, ignore_index=True)
    assert len(few) < FEWEST_PAIRS
    assert calibrate_payload(payload, few) == settings(payload)["temperature"] == 1.0


def test_it_lowers_the_loss_changes_no_label_and_verifies(payload):
    many = pd.concat([PAIRS] * 10, ignore_index=True)
    texts = many["premise"], many["hypothesis"]
    truth = many["label"].map(LABELS.index).to_numpy()
    before = Classifier.load(payload).predict_proba(*texts)

    temperature = calibrate_payload(payload, many)
    assert temperature == settings(payload)["temperature"] != 1.0
    record_golden(payload, 8, "float32")
    after = Classifier.load(payload).predict_proba(*texts)  # which verifies the golden probes
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert row_log_losses(truth, after).mean() < row_log_losses(truth, before).mean()
