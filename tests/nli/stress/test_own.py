"""Suites of the user's own: two or three labels, and nothing lost."""

from __future__ import annotations

import pytest

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.reading import RawRow
from nli_lifecycle.nli.stress.own import land_suite
from nli_lifecycle.nli.stress.scoring import STRESS_COLUMNS
from nli_lifecycle.parameters import StressFile

FILE = StressFile(source="tsv", path="hans.tsv", labels={"0": "not_entailment"})


def row(number: int, label: str) -> RawRow:
    fields = {"pair_id": f"f:{number}", "premise": f"P {number}.", "hypothesis": "H."}
    return RawRow(f"f:{number}", {**fields, "label": label, "genre": "", "split": ""})


def test_a_file_of_unknown_labels_is_refused():
    with pytest.raises(DataError, match="cannot be used"):
        land_suite("hans", [row(1, "maybe"), row(2, "perhaps")], FILE)


def test_two_way_and_three_way_labels_land_and_the_rest_is_quarantined():
    labels = ["entailment", "non-entailment", "Not_Entailment", "0", "contradiction", "maybe"]
    suite, aside = land_suite("hans", [row(n, label) for n, label in enumerate(labels)], FILE)
    assert suite["label"].tolist() == [
        *("entailment", "not_entailment", "not_entailment", "not_entailment", "contradiction"),
    ]
    assert list(suite.columns) == STRESS_COLUMNS
    assert suite["pair_id"].tolist() == [f"hans/{n}" for n in range(5)]
    assert set(suite["suite"]) == {"hans"} and set(suite["kind"]) == {"own"}
    assert aside["reason"].tolist() == ["unknown_label"]
    assert len(suite) + len(aside) == len(labels)
