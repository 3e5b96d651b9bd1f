"""From rows and words in a real database to findings, as monitoring will do it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from logged import CANDIDATE, NOW, Log, answered, said

from nli_lifecycle.monitoring.columns import COLUMNS
from nli_lifecycle.monitoring.joining import LabelJoin, Span
from nli_lifecycle.monitoring.measuring import MeasuringSettings, measure_window
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.truths import TruthSettings, settle
from nli_lifecycle.monitoring.windows import Windows

ROWS = 120


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(f"sqlite:///{tmp_path}/log.db")
    yield log
    log.close()


def test_rows_and_words_become_findings(log: Log) -> None:
    log.add(*(answered(f"r{n}", time=NOW - timedelta(minutes=n)) for n in range(ROWS)))
    log.add(*(answered(f"r{n}", role="shadow", release=CANDIDATE) for n in range(ROWS)))
    log.add(answered("other", release=CANDIDATE))
    for n in range(100):
        log.say(said("entailment" if n < 70 else "neutral", request_id=f"r{n}"))
    log.say(said(request_id="nobody"), said("contradiction", request_id="r0", after=-5))

    windows = Windows(ROWS)
    full = [
        w for batch in log.reader.rows(columns=COLUMNS, batch_rows=50) for w in windows.add(batch)
    ]
    (window,), (rest,) = full, windows.close()
    assert window.summary.end == NOW and (rest.key[1], rest.summary.pairs) == ("8", 1)

    assert window.summary.first_arrival is not None and window.summary.last_arrival is not None
    span = Span(window.key, window.summary.first_arrival, window.summary.last_arrival)
    join = LabelJoin(settle(log.reader.feedback(), TruthSettings()), [span])
    for batch in log.reader.rows(columns=[*COLUMNS, "request_id", "position"]):
        join.add(batch)
    assert join.without_prediction() == (1, (("nobody", 0),))

    (labelled,) = join.labelled
    settings, now = MeasuringSettings(), NOW + timedelta(hours=1)
    found = measure_window(window, Reference(), labelled, labelled, now, settings)
    by_name = {finding.name: finding for finding in found.findings}
    assert by_name["estimated_accuracy"].value == pytest.approx(0.7)
    assert by_name["realised_accuracy"].value == pytest.approx(0.7)
    assert by_name["realised_accuracy"].pairs == 100
    assert by_name["estimate_gap"].value == pytest.approx(0, abs=1e-8)
    assert settle(log.reader.last_words(), TruthSettings()).labels[("r0", 0)] == 0
