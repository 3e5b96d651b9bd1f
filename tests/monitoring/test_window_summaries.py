"""Windows of the log: whatever the batches, the order, the clocks; and what cannot be used."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_columns import BEGIN, simulated, summary_of, taken

from nli_lifecycle.monitoring.summary import BILLIONTHS, EDGES, Summary
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.nli.labels import LABELS

ROWS = 200
COLUMNS, TRUTH = simulated(ROWS)
LOOSE = settings(deadline=None, max_examples=40)


def test_no_rows_make_no_windows():
    windows = Windows()
    assert windows.add(taken(COLUMNS, [])) == [] and windows.close() == []
    assert Summary.empty().begin is None and Summary.empty().rows == 0


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="p_neutral"):
        Windows().add({name: c for name, c in COLUMNS.items() if name != "p_neutral"})


def test_uneven_columns_are_named():
    with pytest.raises(ValueError, match="overlap"):
        Windows().add({**COLUMNS, "overlap": [0.5]})


def test_no_window_is_smaller_than_one_pair():
    with pytest.raises(ValueError, match="at least 1"):
        Windows(0)


@pytest.mark.parametrize(
    "column, value",
    [
        ("p_neutral", math.nan),
        ("p_neutral", math.inf),
        ("p_neutral", None),
        ("p_neutral", -0.1),
        ("p_neutral", 5.0),
        ("label", "maybe"),
        ("label", None),
    ],
)
def test_damaged_rows_are_counted_and_named_and_spoil_nothing(column, value):
    damaged = {**COLUMNS, column: [*COLUMNS[column][:7], value, *COLUMNS[column][8:]]}
    found = summary_of(damaged)
    assert (found.damaged, found.first_damaged, found.pairs) == (1, 8, ROWS - 1)
    sound = summary_of(taken(COLUMNS, [n for n in range(ROWS) if n != 7]))
    assert (found.expected == sound.expected).all()
    assert all((found.histograms[name] == sound.histograms[name]).all() for name in EDGES)


def test_windows_of_nothing_but_damage_are_windows():
    columns = {**COLUMNS, "p_neutral": [math.nan] * ROWS}
    (window,) = Windows(ROWS).add(columns)
    assert (window.summary.pairs, window.summary.damaged) == (0, ROWS)


def test_one_class_only():
    found = summary_of({**COLUMNS, "label": ["neutral"] * ROWS})
    assert found.predicted.tolist() == [0, ROWS, 0]
    assert found.expected[:, [0, 2]].sum() == 0


def test_figures_are_those_of_the_rows():
    found = summary_of(COLUMNS)
    p = np.column_stack([COLUMNS[f"p_{label}"] for label in LABELS])
    given_label = np.array([LABELS.index(label) for label in COLUMNS["label"]])
    for code in range(3):
        among = p[given_label == code]
        assert found.expected[:, code] / BILLIONTHS == pytest.approx(among.sum(axis=0), abs=1e-6)
        assert found.products[code] / BILLIONTHS == pytest.approx(among.T @ among, abs=1e-6)
    assert (found.first_arrival, found.last_arrival) == (1, ROWS)
    assert (found.begin, found.end) == (BEGIN, BEGIN + timedelta(seconds=ROWS - 1))
    assert all(histogram.sum() == ROWS for histogram in found.histograms.values())


def test_what_a_log_does_not_say_is_unknown():
    few = {name: c for name, c in COLUMNS.items() if name not in ("overlap", "version", "epoch")}
    few["unknown_share"] = [None] * ROWS
    (window,) = Windows(ROWS).add(few)
    assert window.key == ("nli", "unknown", "d" * 64, -1)
    assert window.summary.histograms["overlap"][-1] == ROWS
    assert window.summary.histograms["unknown_share"][-1] == ROWS


def test_shadows_are_left_out():
    mixed = {**COLUMNS, "role": ["champion", "shadow"] * (ROWS // 2)}
    assert summary_of(mixed) == summary_of(taken(COLUMNS, range(0, ROWS, 2)))


@LOOSE
@given(st.lists(st.integers(0, ROWS), max_size=6))
def test_batches_do_not_matter(cuts):
    whole = Windows(60)
    expected = whole.add(COLUMNS)
    divided, found = Windows(60), []
    edges = [0, *sorted(cuts), ROWS]
    for begin, end in zip(edges, edges[1:]):
        found += divided.add(taken(COLUMNS, range(begin, end)))
        divided = Windows.from_json(json.loads(json.dumps(divided.to_json())))
    assert [window.number for window in found] == [1, 2, 3]
    assert found == expected and divided.close() == whole.close()


@LOOSE
@given(st.permutations(range(ROWS)), st.integers(1, ROWS - 1))
def test_neither_the_order_nor_repetitions_matter(order, repeated):
    shuffled = taken(COLUMNS, [*order, *order[:repeated]])
    windows, expected = Windows(60), Windows(60)
    assert windows.add(shuffled) == expected.add(COLUMNS)
    assert windows.add(taken(COLUMNS, range(repeated))) == []
    assert windows.repeated == 2 * repeated
    assert windows.close() == expected.close()


@LOOSE
@given(st.lists(st.integers(0, ROWS), min_size=2, max_size=2))
def test_summaries_are_a_monoid(cuts):
    first, second = sorted(cuts)
    parts = [range(first), range(first, second), range(second, ROWS)]
    a, b, c = (summary_of(taken(COLUMNS, part)) for part in parts)
    assert (a + b) + c == a + (b + c) == summary_of(COLUMNS)
    turned = replace(c + a + b, clusters=summary_of(COLUMNS).clusters)  # requests are in an order
    assert turned == summary_of(COLUMNS)
    assert a + Summary.empty() == a == Summary.empty() + a


@LOOSE
@given(st.lists(st.integers(-(10**6), 10**6), min_size=ROWS, max_size=ROWS))
def test_clocks_move_no_row(seconds):
    skewed = {**COLUMNS, "time": [BEGIN + timedelta(seconds=s) for s in seconds]}
    for mine, theirs in zip(Windows(60).add(skewed), Windows(60).add(COLUMNS)):
        assert mine.summary.expected.tolist() == theirs.summary.expected.tolist()
        assert mine.summary.begin <= mine.summary.end


def test_moments_without_a_zone_are_of_utc():
    naive = {**COLUMNS, "time": [moment.replace(tzinfo=None) for moment in COLUMNS["time"]]}
    assert summary_of(naive) == summary_of(COLUMNS)
    numpy_moments = {**COLUMNS, "time": np.array(naive["time"], dtype="datetime64[ns]")}
    assert summary_of(numpy_moments) == summary_of(COLUMNS)


def test_models_have_windows_of_their_own_numbered_by_arrival():
    mixed = {**COLUMNS, "digest": ["d" * 64, "e" * 64] * (ROWS // 2)}
    found = Windows(50).add(mixed)
    assert [(w.number, w.key[2][0], w.summary.last_arrival) for w in found] == [
        (1, "d", 99),
        (2, "e", 100),
        (3, "d", 199),
        (4, "e", 200),
    ]


def test_an_epoch_begins_a_window():
    changed = {**COLUMNS, "epoch": [3] * 70 + [4] * 130}
    windows = Windows(100)
    assert [window.key[3] for window in windows.add(changed)] == [4]
    assert [(w.key[3], w.summary.pairs) for w in windows.close()] == [(3, 70), (4, 30)]


def test_by_watermark_all_that_came_is_one_window():
    windows = Windows(None)
    assert windows.add(taken(COLUMNS, range(150))) == []
    assert [window.summary.pairs for window in windows.close()] == [150]
    windows.add(COLUMNS)
    assert [(w.number, w.summary.pairs) for w in windows.close()] == [(2, 50)]


def test_summaries_of_other_bins_are_refused():
    fields = summary_of(COLUMNS).to_json()
    fields["histograms"]["overlap"].append(0)
    with pytest.raises(ValueError, match="other bins"):
        Summary.from_json(fields)


def test_a_state_is_of_a_fixed_size():
    windows = Windows(10**9)
    windows.add(COLUMNS)
    small = len(json.dumps(windows.to_json()))
    columns, _ = simulated(20_000, seed=1)
    windows.add({**columns, "arrival": list(range(1_000, 21_000))})
    assert len(json.dumps(windows.to_json())) < small + 2_000
