"""Splits: official where complete, by the premise's hash otherwise, never silently empty."""

import pandas as pd
import pytest

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.landing import LANDED_COLUMNS
from nli_lifecycle.nli.data.pairs import DataError, fingerprint, premise_fingerprint
from nli_lifecycle.nli.data.splitting import (
    SPLIT_COLUMNS,
    data_version,
    has_official_splits,
    shared_premises,
    split_pairs,
)
from nli_lifecycle.parameters import SplitShares

SHARES = SplitShares(train=0.6, validation=0.1, test=0.3)


def _landed(splits: list[str], premises: int = 10_000) -> pd.DataFrame:
    rows = []
    for number, split in enumerate(splits):
        premise, hypothesis = f"p{number % premises}", f"h{number}"
        label = LABELS[number % 3]
        keys = (fingerprint(premise, hypothesis), premise_fingerprint(premise))
        rows.append(("i", premise, hypothesis, label, "", "csv", *keys, split, f"x:{number}"))
    return pd.DataFrame(rows, columns=LANDED_COLUMNS)


def _sizes(frames: dict[str, pd.DataFrame]) -> dict[str, int]:
    return {name: len(frame) for name, frame in frames.items()}


def test_an_absent_training_label_is_refused() -> None:
    pairs = _landed([""] * 300)
    pairs = pairs[pairs["label"] != "neutral"]
    with pytest.raises(DataError, match="No training pair is labelled neutral; there are") as error:
        split_pairs(pairs, SHARES)
    assert "data.options.labels" in str(error.value)


def test_an_absent_label_does_not_matter_where_nothing_is_trained() -> None:
    pairs = _landed([""] * 30)
    pairs = pairs[pairs["label"] != "neutral"]
    frames = split_pairs(pairs, SplitShares(train=0, validation=0, test=1))
    assert _sizes(frames) == {"train": 0, "validation": 0, "test": 20}
    assert all(list(frame.columns) == SPLIT_COLUMNS for frame in frames.values())


def test_too_few_pairs_for_every_split_are_refused() -> None:
    with pytest.raises(DataError, match="split got no row of the 3 usable ones"):
        split_pairs(_landed([""] * 3, premises=1), SHARES)


def test_hash_splits_share_no_premise() -> None:
    frames = split_pairs(_landed([""] * 3_000, premises=1_000), SHARES)
    assert sum(_sizes(frames).values()) == 3_000
    assert len(frames["train"]) == pytest.approx(1_800, abs=150)
    assert shared_premises(frames) == 0


def test_official_splits_are_kept_as_they_are() -> None:
    pairs = _landed(["train"] * 6 + ["validation"] * 3 + ["test"] * 3, premises=3)
    frames = split_pairs(pairs, SHARES)
    assert _sizes(frames) == {"train": 6, "validation": 3, "test": 3}
    assert shared_premises(frames) == 3
    assert frames["test"]["hypothesis"].tolist() == ["h9", "h10", "h11"]


def test_missing_validation_is_taken_out_of_train() -> None:
    frames = split_pairs(_landed(["train"] * 2_000 + ["test"] * 500), SHARES)
    assert len(frames["test"]) == 500
    assert len(frames["validation"]) == pytest.approx(2_000 / 7, abs=60)
    assert shared_premises(frames) == 0


@pytest.mark.parametrize("splits", [["train", "validation"], ["test"], ["train", "test", ""]])
def test_incomplete_official_splits_do_not_count(splits: list[str]) -> None:
    pairs = _landed(splits * 200)
    assert not has_official_splits(pairs)
    assert len(split_pairs(pairs, SHARES)["train"]) != splits.count("train") * 200


def test_data_version_is_the_content_in_any_order() -> None:
    frames = split_pairs(_landed([""] * 300), SHARES)
    version = data_version(frames)
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in frames.items()}
    assert data_version(shuffled) == version
    assert len(version) == 64


def test_data_version_changes_with_label_split_and_text() -> None:
    frames = split_pairs(_landed([""] * 300), SHARES)
    relabelled = frames["test"].assign(label="neutral")
    moved = {
        **frames,
        "test": frames["test"][1:],
        "train": pd.concat([frames["train"], frames["test"][:1]]),
    }
    versions = {
        data_version(frames),
        data_version({**frames, "test": relabelled}),
        data_version(moved),
        data_version({**frames, "test": frames["test"][1:]}),
    }
    assert len(versions) == 4
