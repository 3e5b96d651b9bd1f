"""Every row is kept or set aside with its reason; too many set aside stop the run."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.judging import JUDGED_FROM, judge, judge_rows
from nli_lifecycle.nli.data.outcome import OUTCOME, add_outcomes, check_outcome, count_outcome
from nli_lifecycle.nli.data.landing import land_rows
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.quarantine import REASONS
from nli_lifecycle.nli.data.schemas import judged_schema
from nli_lifecycle.nli.data.raw.reading import Layout, RawRow, read_rows
from nli_lifecycle.parameters import DataParameters


def _row(number: int = 1, **fields: str) -> RawRow:
    pair = {"pair_id": "", "premise": "p", "hypothesis": "h", "label": "neutral"}
    return RawRow(f"x:{number}", pair | {"genre": "", "split": ""} | fields)


def _land(rows: list[RawRow], **data: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    judged = judge_rows(rows, "csv", DataParameters.model_validate(data))
    usable = judged["reason"].eq("")
    assert set(judged.columns) == set(judged_schema(()).names)
    return judged[usable], judged[~usable]


def _error(rows: list[RawRow], **data: Any) -> str:
    with pytest.raises(DataError) as error:
        _land(rows, **data)
    return str(error.value)


def test_no_rows_at_all() -> None:
    assert "hold column names but not one row" in _error([])


def test_unknown_labels_are_listed_with_the_map_to_write() -> None:
    rows = [_row(number, label=label) for number, label in enumerate("eneecx1")]
    message = _error(rows)
    assert "7 of the 7 rows read cannot be used: unknown_label 7." in message
    assert "Labels seen: 'e' (3), 'n' (1), 'c' (1), 'x' (1), '1' (1)" in message
    labels = yaml.safe_load(message[message.index("data:\n") :])["data"]["options"]["labels"]
    assert list(labels) == ["e", "n", "c", "x", "1"]


def test_all_rows_undecodable_suggests_the_encoding() -> None:
    rows = [RawRow(f"x:{n}", None, "undecodable_bytes", "byte 0x92", "it\\x92s") for n in range(9)]
    message = _error(rows)
    assert "9 of the 9 rows read cannot be used: undecodable_bytes 9." in message
    assert "First at x:0: byte 0x92: 'it\\\\x92s'" in message
    assert "set data.options.encoding" in message


def test_all_rows_without_gold_label() -> None:
    message = _error([_row(label=label) for label in ("-", "-1", "", " - ")])
    assert "no_gold_label 4" in message
    assert "use files that have labels" in message


def test_the_share_decides_when_to_stop() -> None:
    rows = [_row(1), _row(2, premise=" "), _row(3, premise="")]
    assert "2 of the 3 rows read" in _error(rows)
    kept, aside = _land(rows, max_quarantined_share=0.7)
    assert (len(kept), len(aside)) == (1, 2)


@pytest.mark.parametrize(
    ("fields", "reason", "detail"),
    [
        ({"premise": "\u00a0\t"}, "empty_text", "no premise"),
        ({"hypothesis": ""}, "empty_text", "no hypothesis"),
        ({"premise": "word " * 20_000}, "too_long", "99,999 characters, limit 20,000"),
        ({"label": "-"}, "no_gold_label", "label '-'"),
        ({"label": "-1"}, "no_gold_label", "label '-1'"),
        ({"label": "0"}, "unknown_label", "label '0'"),
        ({"label": "e"}, "unknown_label", "label 'e'"),
    ],
)
def test_reasons(fields: dict[str, str], reason: str, detail: str) -> None:
    kept, aside = _land([_row(1), _row(2, **fields)])
    assert kept["place"].tolist() == ["x:1"]
    (row,) = aside.to_dict("records")
    assert (row["place"], row["reason"], row["detail"]) == ("x:2", reason, detail)
    assert len(row["excerpt"]) < 200
    assert reason in REASONS


def test_a_pair_is_normalised_and_its_label_named() -> None:
    labels = {"0": "entailment", "-1": "contradiction"}
    rows = [
        _row(1, premise=" A  man", label=" ENTAILMENT ", pair_id="7", genre=" news ", split="test"),
        _row(2, label="0"),
        _row(3, label="-1"),
    ]
    kept, aside = _land(rows, options={"labels": labels})
    assert aside.empty
    assert kept["label"].tolist() == ["entailment", "entailment", "contradiction"]
    first = kept.iloc[0]
    assert (first.pair_id, first.premise, first.genre) == ("7", "A man", "news")
    assert (first.source, first.split, first.place) == ("csv", "test", "x:1")
    assert first.premise_fingerprint != first.fingerprint


def test_official_splits_can_be_ignored() -> None:
    kept, _ = _land([_row(split="test")], official_splits=False)
    assert kept["split"].tolist() == [""]


_CELL = st.sampled_from([b"p", b"neutral", b"entailment", b"-", b"", b"\t", b"\x92", b'"', b"\r"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.one_of(_CELL, st.binary(max_size=6)), max_size=6), max_size=12))
def test_whatever_the_bytes_kept_and_quarantined_are_what_was_read(
    cells: list[list[bytes]],
) -> None:
    content = b"premise\thypothesis\tlabel\np\th\tneutral\n" + b"\n".join(map(b"".join, cells))
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.tsv")
        path.write_bytes(content)
        rows = list(read_rows(path, Layout("delimited", "\t", "minimal"), "x"))
    filled = [
        row if row.fields is None else _row(0, **row.fields) for row in rows  # as if extracted
    ]
    kept, aside = _land(filled, max_quarantined_share=1.0)
    assert len(kept) + len(aside) == len(rows)
    assert set(aside["reason"]) <= set(REASONS)


def test_feedback_has_labels_of_its_own() -> None:
    feedback = {"options": {"labels": {"yes": "entailment"}}}
    parameters = DataParameters.model_validate({"feedback": feedback})
    landed = [
        batch.to_pandas()
        for source in ("csv", "feedback")
        for batch in land_rows([_row(1, label="yes"), _row(2)], source, ())
    ]
    judged = judge(pd.concat(landed, ignore_index=True)[JUDGED_FROM], parameters)
    assert judged["reason"].tolist() == ["unknown_label", "", "", ""]
    assert judged["label"].tolist() == ["", "neutral", "entailment", "neutral"]


_LABEL = st.sampled_from(["neutral", "e", "0", "-", "maybe", "entailment"])


@settings(deadline=None, max_examples=40)
@given(st.lists(_LABEL, min_size=1, max_size=40), st.integers(1, 7), st.randoms())
def test_the_outcome_is_the_same_however_rows_are_divided(
    labels: list[str], size: int, random: Any
) -> None:
    rows = [_row(number, label=label) for number, label in enumerate(labels)]
    judged = (
        judge_rows(rows, "csv", DataParameters(max_quarantined_share=1.0))
        if any(label in ("neutral", "entailment") for label in labels)
        else None
    )
    if judged is None:
        return
    whole = add_outcomes(count_outcome(judged))
    parts = [count_outcome(judged[at : at + size]) for at in range(0, len(judged), size)]
    random.shuffle(parts)
    divided = add_outcomes(pd.concat(parts, ignore_index=True))
    pd.testing.assert_frame_equal(divided[OUTCOME.names], whole[OUTCOME.names])
    assert whole["rows"].sum() == len(rows)
    check_outcome(whole, len(rows), "csv", DataParameters(max_quarantined_share=1.0))
