"""Splits: official where complete, by the premise's hash otherwise; an old row never moves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.keys import bucket_rows
from nli_lifecycle.nli.data.pairs import (
    DataError,
    assign_splits,
    fingerprint,
    premise_fingerprint,
    premise_nodes,
)
from nli_lifecycle.nli.data.schemas import UNDIVIDED
from nli_lifecycle.nli.data.splitting import (
    SplitRule,
    check_splits,
    data_version,
    digest_buckets,
    divide,
    split_rule,
)
from nli_lifecycle.parameters import SplitShares

SHARES = SplitShares(train=0.6, validation=0.1, test=0.3)
HASHED = SplitRule(official=False, validation=False, shares=SHARES)
JUDGES = SplitRule(False, False, SplitShares(train=0, validation=0, test=1))


def _rows(*rows: dict[str, object]) -> pd.DataFrame:
    """Rows to divide; each has a premise (and so a cluster) of its own unless it says otherwise."""
    made = []
    for number, row in enumerate(rows):
        node = row.get("node", premise_nodes([premise_fingerprint(f"p{number}")])[0])
        plain = {"position": number, "node": node, "cluster": node, "leaked": 0}
        made.append({**plain, "official": "", "known": None, "source": "csv", **row})
    return pd.DataFrame(made)[UNDIVIDED.names]


def _divide(
    *rows: dict[str, object], rule: SplitRule = HASHED, leaks: bool = True
) -> list[tuple[str, str]]:
    divided = divide(_rows(*rows), rule, leaks)
    assert divided["position"].tolist() == list(range(len(rows)))
    return list(zip(divided["assigned"], divided["split_reason"]))


def _node(split: str) -> int:
    """A premise that hashes into a split."""
    nodes = premise_nodes(premise_fingerprint(f"n{number}") for number in range(200))
    return int(nodes[assign_splits(nodes, SHARES) == split][0])


# By the premise's hash.


def test_a_premise_is_never_in_two_splits() -> None:
    nodes = np.repeat(premise_nodes(premise_fingerprint(str(n)) for n in range(1_000)), 3)
    rows = _rows(*({"node": node, "cluster": node} for node in nodes))
    divided = divide(rows, HASHED, True).assign(node=nodes)
    assert divided.groupby("node")["assigned"].nunique().max() == 1
    assert divided["assigned"].eq("train").sum() == pytest.approx(1_800, abs=150)
    assert divided["split_reason"].eq("").all()


def test_a_cluster_goes_where_its_least_premise_hashes() -> None:
    for split in ("train", "validation", "test"):
        rows = [{"cluster": _node(split)}, {"cluster": _node(split)}]
        assert _divide(*rows) == [(split, ""), (split, "")]


def test_an_environment_that_only_judges_has_no_other_split() -> None:
    assert set(_divide(*({} for _ in range(50)), rule=JUDGES)) == {("test", "")}


# What is in a split already.


def test_a_known_pair_stays_whatever_its_premise_hashes_to() -> None:
    for node in (_node("train"), _node("test")):
        (divided,) = _divide({"node": node, "cluster": node, "known": "validation"})
        assert divided == ("validation", "")


def test_new_rows_follow_their_premise_or_its_cluster() -> None:
    cluster = _node("train")
    rows = [
        {"node": 7, "cluster": cluster, "known": "test"},
        {"node": 7, "cluster": cluster},
        {"node": 8, "cluster": cluster},
    ]
    assert _divide(*rows) == [("test", "")] * 3


def test_a_new_premise_between_two_splits_is_a_bridge_and_a_new_hypothesis_is_none() -> None:
    rows = [
        {"node": 7, "cluster": 5, "known": "train"},
        {"node": 8, "cluster": 5, "known": "test"},
        {"node": 9, "cluster": 5},
        {"node": 7, "cluster": 5},
    ]
    assert _divide(*rows) == [("train", ""), ("test", ""), ("", "bridge"), ("train", "")]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.integers(0, 2),
            st.sampled_from([None, "train", "test"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_a_second_run_leaves_every_row_where_the_first_put_it(
    plan: list[tuple[int, int, str | None, bool]],
) -> None:
    rows: list[dict[str, object]] = [
        {
            "node": 10 * cluster + node,
            "cluster": 10 * cluster,
            "known": known,
            "source": "feedback" if feedback and not known else "csv",
        }
        for node, cluster, known, feedback in plan
    ]
    first = _divide(*rows)
    again = [row | {"known": split or None} for row, (split, _) in zip(rows, first)]
    assert _divide(*again) == first


# Official splits.


@pytest.mark.parametrize(
    ("names", "official"),
    [
        ({"train": 5, "test": 2}, True),
        ({"train": 5, "test": 2, "validation": 1, "feedback": 9}, True),
        ({"train": 5, "test": 2, "": 1}, False),
        ({"train": 5, "validation": 2}, False),
        ({"test": 5}, False),
        ({"": 5}, False),
    ],
)
def test_official_splits_count_only_when_complete(names: dict[str, int], official: bool) -> None:
    assert split_rule(names, SHARES).official is official


def test_official_splits_are_kept_even_where_they_share_a_premise() -> None:
    rule = SplitRule(True, True, SHARES)
    names = ["train", "validation", "test"]
    rows = [{"node": 7, "cluster": 7, "official": name} for name in names]
    assert _divide(*rows, rule=rule) == [(name, "") for name in names]


def test_missing_validation_is_taken_out_of_train_and_never_out_of_test() -> None:
    rule = SplitRule(True, False, SHARES)
    rows = [{"official": "train"}] * 2_000 + [{"official": "test"}] * 500
    splits = [split for split, _ in _divide(*rows, rule=rule)]
    assert splits[2_000:] == ["test"] * 500
    assert splits.count("validation") == pytest.approx(2_000 / 7, abs=60)


def test_a_training_row_does_not_follow_a_near_official_test_row() -> None:
    rule = SplitRule(True, False, SHARES)
    rows = [{"cluster": 5, "official": "test"}, {"cluster": 5, "official": "train"}]
    assert _divide(*rows, rule=rule)[1][0] in ("train", "validation")


# Feedback, and what other environments trained on.


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_feedback_is_trained_on_unless_its_premise_is_held_out(split: str) -> None:
    rows = [
        {"node": 7, "cluster": 7, "known": split},
        {"node": 8, "cluster": 7, "source": "feedback"},
    ]
    expected = ("train", "") if split == "train" else ("", "evaluation_premise")
    assert _divide(*rows)[1] == expected


def test_feedback_on_new_premises_is_trained_on_wherever_they_hash() -> None:
    rows = [{"source": "feedback", "cluster": _node("test")}, {"source": "feedback"}]
    assert _divide(*rows) == [("train", "")] * 2


def test_feedback_near_official_test_rows_is_set_aside_with_and_without_validation() -> None:
    for validation in (True, False):
        rows = [{"cluster": 5, "official": "test"}, {"cluster": 5, "source": "feedback"}]
        divided = _divide(*rows, rule=SplitRule(True, validation, SHARES))
        assert divided == [("test", ""), ("", "evaluation_premise")]


def test_where_nothing_is_trained_feedback_is_judged_on() -> None:
    assert _divide({"source": "feedback"}, rule=JUDGES) == [("test", "")]


def test_leaked_rows_are_set_aside_or_only_reported_and_old_ones_stay() -> None:
    rows = [{"leaked": 1}, {"leaked": 1, "known": "test"}]
    assert _divide(*rows, rule=JUDGES) == [("", "leaked"), ("test", "")]
    assert _divide(*rows, rule=JUDGES, leaks=False) == [("test", "")] * 2


# The data version.


def _version(frame: pd.DataFrame, parts: int = 1) -> str:
    frame = frame.assign(bucket=bucket_rows(frame)["bucket"])
    number = frame["bucket"].map(lambda digits: int(digits, 16) % parts)
    digests = [digest_buckets(part) for _, part in frame.groupby(number)]
    return data_version(pd.concat(digests, ignore_index=True))


@pytest.fixture(scope="module")
def pairs() -> pd.DataFrame:
    rows = [(fingerprint("p", str(n)), "neutral", "train") for n in range(900)]
    return pd.DataFrame(rows, columns=["fingerprint", "label", "split"])


def test_data_version_is_the_content_in_any_order_and_division(pairs: pd.DataFrame) -> None:
    version = _version(pairs)
    assert len(version) == 64
    assert _version(pairs.sample(frac=1, random_state=1), parts=3) == version


def test_data_version_changes_with_label_split_and_text(pairs: pd.DataFrame) -> None:
    first = pairs.index == 0
    changed = [
        pairs,
        pairs.assign(label=pairs["label"].mask(first, "entailment")),
        pairs.assign(split=pairs["split"].mask(first, "test")),
        pairs.assign(fingerprint=pairs["fingerprint"].mask(first, fingerprint("p", "other"))),
        pairs[1:],
    ]
    assert len({_version(frame) for frame in changed}) == 5


# What cannot be worked with.

LABELLED = {"entailment": 10, "neutral": 10, "contradiction": 10}


def test_an_absent_training_label_is_refused() -> None:
    labels = {"train": LABELLED | {"neutral": 0}, "validation": LABELLED, "test": LABELLED}
    rows = {"train": 20, "validation": 30, "test": 30}
    with pytest.raises(DataError, match="No training pair is labelled neutral; there are") as error:
        check_splits(rows, labels, HASHED)
    assert "data.options.labels" in str(error.value)


def test_an_absent_label_does_not_matter_where_nothing_is_trained() -> None:
    labels = {"train": {}, "validation": {}, "test": {"entailment": 3}}
    check_splits({"train": 0, "validation": 0, "test": 3}, labels, JUDGES)


def test_too_few_pairs_for_every_split_are_refused() -> None:
    labels = {"train": {}, "validation": {}, "test": LABELLED}
    with pytest.raises(DataError, match="The train and validation split got no row of the 3 "):
        check_splits({"train": 0, "validation": 0, "test": 3}, labels, HASHED)


def test_another_rule_has_another_key() -> None:
    other = SplitShares(train=0.7, validation=0.1, test=0.2)
    rules = [HASHED, JUDGES, SplitRule(True, True, SHARES), SplitRule(False, False, other)]
    assert len({rule.key for rule in rules}) == 4
    assert SplitRule(False, True, SHARES).key == HASHED.key
