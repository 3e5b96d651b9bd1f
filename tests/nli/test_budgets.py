"""Costs: measured in turns, in a process of its own, without touching the sealed folder."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from sealed_folder import answering_bundle

from nli_lifecycle.nli.budgets import BudgetError, measure_footprints
from nli_lifecycle.nli.bundle import open_bundle

PAIRS = pd.DataFrame({"premise": ["p one", "p two", "p three"], "hypothesis": ["h", "h", "h"]})


def answer(milliseconds: float):
    def predict(premises, hypotheses):
        assert len(premises) == len(hypotheses) > 0
        time.sleep(milliseconds / 1_000)

    return predict


def test_a_payload_that_does_not_load_is_named(tmp_path):
    (tmp_path / "inference.py").write_text("raise RuntimeError('no weights')")
    with pytest.raises(BudgetError, match="process of its own: RuntimeError: no weights"):
        measure_footprints({"candidate": tmp_path}, {"candidate": answer(0)}, PAIRS)


def test_time_is_told_apart_even_with_three_pairs(tmp_path):
    bundle = answering_bundle(tmp_path / "one")
    found = measure_footprints(
        {"candidate": bundle.payload, "champion": bundle.payload},
        {"candidate": answer(1), "champion": answer(20)},
        PAIRS,
    )
    assert 1 <= found["candidate"].latency_ms < found["champion"].latency_ms
    assert found["champion"].latency_ms >= 20
    assert found["candidate"].pairs_per_second > found["champion"].pairs_per_second
    size = sum(file.stat().st_size for file in bundle.payload.iterdir())
    assert found["candidate"].megabytes == size / 1e6


def test_memory_is_the_payloads_not_this_process(tmp_path):
    bundle = answering_bundle(tmp_path / "one")
    hoard = bytearray(600_000_000)
    (found,) = measure_footprints(
        {"candidate": bundle.payload}, {"candidate": answer(0)}, PAIRS
    ).values()
    assert 3 < found.memory_megabytes < 300 and hoard
    hungry = bundle.payload / "inference.py"
    hungry.write_text(hungry.read_text() + "\nhoard = b'x' * 400_000_000\n")
    (more,) = measure_footprints(
        {"candidate": bundle.payload}, {"candidate": answer(0)}, PAIRS
    ).values()
    assert more.memory_megabytes > found.memory_megabytes + 350


def test_the_seal_stays_whole(tmp_path):
    bundle = answering_bundle(tmp_path / "one")
    measure_footprints({"candidate": bundle.payload}, {"candidate": answer(0)}, PAIRS)
    assert open_bundle(bundle.path).digest == bundle.digest
