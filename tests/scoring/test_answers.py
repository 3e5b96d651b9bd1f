"""However rows come in batches, each gets its own answer, once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.scoring import answers as module
from nli_lifecycle.scoring.answers import Stamp, answer_schema, answers
from nli_lifecycle.scoring.rows import landed_schema
from nli_lifecycle.serving.head import Release

STAMP = Stamp(Release("prod.nli.classifier", "7", "abcdef0123456789", 3), datetime.now(UTC))
SCHEMA = landed_schema([pa.field("n", pa.int32())])


class _Lengths:
    """Takes the more for an entailment the longer the premise is; remembers its batches."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict_proba(self, premises: Sequence[str], hypotheses: Sequence[str]) -> np.ndarray:
        self.sizes.append(len(premises))
        share = np.array([1 / (1 + len(text)) for text in premises])
        return np.column_stack([1 - share, share / 2, share / 2])


def _rows(first: int, count: int) -> pa.RecordBatch:
    numbers = range(first, first + count)
    columns: dict[str, object] = {name: [""] * count for name in SCHEMA.names}
    columns["place"] = [f"f:{n}" for n in numbers]
    columns["pair_id"] = [f"r{n}" for n in numbers]
    columns["premise"] = ["p" * (n % 5) for n in numbers]
    columns["n"] = list(numbers)
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


@pytest.fixture(autouse=True)
def few_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER", 8)


@given(st.lists(st.integers(0, 20), max_size=6))
def test_any_division_gives_the_same_answers(sizes: list[int]) -> None:
    total, model = sum(sizes), _Lengths()
    starts = [sum(sizes[:number]) for number in range(len(sizes))]
    found = list(answers(model, STAMP, [_rows(s, n) for s, n in zip(starts, sizes)]))
    assert model.sizes == [8] * (total // 8) + [total % 8] * bool(total % 8)
    rows = pa.Table.from_batches(found, answer_schema(SCHEMA)).to_pydict()
    assert rows["pair_id"] == [f"r{n}" for n in range(total)]
    assert rows["place"] == [f"f:{n}" for n in range(total)] and rows["n"] == list(range(total))
    assert rows["p_entailment"] == [1 - 1 / (1 + n % 5) for n in range(total)]
    labels = ["neutral" if n % 5 == 0 else "entailment" for n in range(total)]
    assert rows["label"] == labels


def test_every_row_says_whose_answer_it_is() -> None:
    (batch,) = answers(_Lengths(), STAMP, [_rows(0, 3)])
    said = batch.select(["model_name", "model_version", "model_digest", "model_epoch"])
    row = ("prod.nli.classifier", "7", "abcdef012345", 3)
    assert [tuple(found.values()) for found in said.to_pylist()] == [row] * 3
    assert batch["scored_at"].to_pylist() == [STAMP.scored_at] * 3
