"""What a bundle remembers of its training: the same bytes, no pickle, clear errors."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sealed_folder import answering_bundle, sealed_folder

from nli_lifecycle.nli.origin import ORIGIN, OriginError, read_origin, write_origin

TRAIN = pd.DataFrame(
    [
        (f"Premise {row}.", f"{word} {row}", label)
        for row in range(30)
        for word, label in (("yes", "entailment"), ("maybe", "neutral"), ("no", "contradiction"))
    ],
    columns=["premise", "hypothesis", "label"],
)
VALIDATION = pd.DataFrame([("V.", "yes", "entailment")], columns=TRAIN.columns)


def test_a_bundle_without_origin_says_nothing(tmp_path):
    assert read_origin(sealed_folder(tmp_path / "plain")) is None


@pytest.mark.parametrize(
    "name, damage, why",
    [
        ("training.json", b"{}", "training.json cannot be read"),
        ("training.json", b'{"format": 9}', "format 9; this version reads format 1"),
        ("rows.npy", b"no array", "rows.npy cannot be read"),
        ("rows.npy", pickle.dumps([1]), "rows.npy cannot be read"),
        ("hypothesis_only.npy", b"", "hypothesis_only.npy cannot be read"),
    ],
)
def test_damaged_files_are_named(tmp_path, name, damage, why):
    bundle = answering_bundle(tmp_path / "one", trained_on=TRAIN)
    (bundle.path / ORIGIN / name).write_bytes(damage)
    with pytest.raises(OriginError, match=why):
        read_origin(bundle)


def test_an_array_of_another_kind_is_refused(tmp_path):
    bundle = answering_bundle(tmp_path / "one", trained_on=TRAIN)
    np.save(bundle.path / ORIGIN / "rows.npy", np.zeros((3, 2), dtype=np.uint64))
    with pytest.raises(OriginError, match=r"holds uint64 \(3, 2\)"):
        read_origin(bundle)


def test_continuing_a_bundle_that_remembers_nothing_is_refused(tmp_path):
    before = sealed_folder(tmp_path / "plain")
    with pytest.raises(OriginError, match="does not say what it was trained on"):
        write_origin(tmp_path / "origin", TRAIN, VALIDATION, {}, before=before)


def test_rows_of_the_model_that_is_continued_are_remembered_once(tmp_path):
    before = answering_bundle(tmp_path / "before", trained_on=TRAIN.iloc[:60])
    write_origin(tmp_path / "origin", TRAIN.iloc[50:], VALIDATION, {}, before=before)
    write_origin(tmp_path / "whole", TRAIN, VALIDATION, {})
    rows = [np.load(tmp_path / name / "rows.npy") for name in ("origin", "whole")]
    assert rows[0].shape == (91, 3)
    assert np.array_equal(*rows)
    facts = json.loads((tmp_path / "origin" / "training.json").read_text())
    assert facts["continues"] == before.digest
    assert facts["training_rows"] == 40


def test_what_was_written_is_read(tmp_path):
    write_origin(tmp_path / "origin", TRAIN, VALIDATION, {"training_key": "k"})
    facts = json.loads((tmp_path / "origin" / "training.json").read_text())
    assert facts == {
        "format": 1,
        "training_rows": 90,
        "validation_rows": 1,
        "labels": {"entailment": 30, "neutral": 30, "contradiction": 30},
        "majority": facts["majority"],
        "training_key": "k",
    }
    origin = read_origin(answering_bundle(tmp_path / "one", trained_on=TRAIN))
    assert origin is not None and origin.rows.shape == (90, 3)
    assert origin.hypothesis_only is not None
    assert origin.hypothesis_only.accuracy(TRAIN) == 1.0


def test_the_same_rows_in_any_order_give_the_same_bytes(tmp_path):
    write_origin(tmp_path / "one", TRAIN, VALIDATION, {})
    write_origin(tmp_path / "two", TRAIN, VALIDATION, {})
    write_origin(tmp_path / "turned", TRAIN.iloc[::-1], VALIDATION, {})
    for name in ("rows.npy", "hypothesis_only.npy", "training.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    rows = [(tmp_path / folder / "rows.npy").read_bytes() for folder in ("one", "turned")]
    assert rows[0] == rows[1]


def test_one_label_leaves_no_baseline(tmp_path):
    same = TRAIN[TRAIN["label"] == "neutral"]
    write_origin(tmp_path / "origin", same, same.iloc[:0], {})
    assert not (tmp_path / "origin" / "hypothesis_only.npy").exists()
