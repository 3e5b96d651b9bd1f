"""Narrow rows: clusters keep their numbers, decisions find their rows."""

import pandas as pd

from nli_lifecycle.nli.data.keys import known_keys, settle, undivided
from nli_lifecycle.nli.data.pairs import fingerprint, premise_fingerprint, premise_nodes
from nli_lifecycle.nli.data.schemas import FINGERPRINTS, KEYS, UNDIVIDED

LARGE = 2**59 + 1


def _keys(**columns: list[object]) -> pd.DataFrame:
    rows = pd.DataFrame({"position": [0, 1, 2], "node": [LARGE, LARGE + 2, 5]})
    texts = dict.fromkeys(("fingerprint", "label", "split", "place", "source"), "")
    plain = {"verdict": "", "known": None, "cluster": None, "leaked": None}
    return rows.assign(**texts, **plain).assign(
        **{k: pd.Series(v, dtype=object) for k, v in columns.items()}
    )


def test_a_row_without_a_near_premise_is_a_cluster_of_its_own() -> None:
    rows = undivided(_keys(cluster=[LARGE - 7, None, None], leaked=[1, None, None]))
    assert rows[UNDIVIDED.names]["cluster"].tolist() == [LARGE - 7, LARGE + 2, 5]
    assert rows["leaked"].tolist() == [1, 0, 0]
    assert rows["cluster"].dtype == "int64"


def test_rows_set_aside_are_not_divided() -> None:
    assert undivided(_keys(verdict=["duplicate", "", ""]))["position"].tolist() == [1, 2]


def test_only_pairs_of_the_same_rule_are_known() -> None:
    keys = [(fingerprint("p", str(n)), premise_fingerprint("p"), "neutral", "test") for n in (1, 2)]
    frame = pd.DataFrame([(*keys[0], "a"), (*keys[1], "b")], columns=FINGERPRINTS.names)
    (row,) = known_keys("b", frame)[KEYS.names].to_dict("records")
    assert (row["position"], row["fingerprint"], row["split"]) == (-1, keys[1][0], "test")
    assert row["node"] == premise_nodes([premise_fingerprint("p")])[0]


def test_late_decisions_are_written_into_their_rows() -> None:
    rows = pd.DataFrame(
        {
            "premise": ["p", "p", "p", ""],
            "hypothesis": ["h"] * 3 + [""],
            "reason": ["", "", "", "empty_text"],
            "detail": ["", "", "", "no premise"],
            "excerpt": ["", "", "", " | h"],
            "assigned": ["train", None, "", None],
            "verdict": ["", "duplicate", "", None],
            "verdict_detail": ["", "same pair", "", None],
            "split_reason": ["", None, "bridge", None],
            "split_detail": ["", None, "near", None],
        }
    )
    settled = settle(rows)
    assert settled["split"].tolist() == ["train", "", "", ""]
    assert settled["reason"].tolist() == ["", "duplicate", "bridge", "empty_text"]
    assert settled["detail"].tolist() == ["", "same pair", "near", "no premise"]
    assert settled["excerpt"].tolist() == ["", "p | h", "p | h", " | h"]
