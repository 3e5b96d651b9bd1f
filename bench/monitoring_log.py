"""How fast and in how much memory a real inference log is summarised.

    python bench/monitoring_log.py            # 1,000,000 rows, 50,000 words of feedback
    python bench/monitoring_log.py --quick    # 100,000 rows, 5,000 words
    python bench/monitoring_log.py --url postgresql+psycopg2://user@host/database    # an empty one

Rows of simulated traffic are written by the product's own writer, as it takes them from the
journal. Then a fresh process reads the log, divides it into windows of 500 pairs and measures each
against a reference of 2,000; another does so with feedback, which means reading the log twice: to
find the windows, and to join labels with their pairs. A third finds an empty log, so that what the
process weighs without any row can be taken off. On a machine that others use too, CPU seconds say
what the reading itself takes. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from monitoring import BEGIN, PAIRS, REFERENCE_PAIRS, Traffic, traffic
from rich.console import Console
from rich.table import Table

from nli_lifecycle.monitoring.columns import COLUMNS
from nli_lifecycle.monitoring.joining import Labelled, LabelJoin, Span
from nli_lifecycle.monitoring.measuring import MeasuringSettings, measure_window
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.truths import TruthSettings, settle
from nli_lifecycle.monitoring.windows import Window, Windows
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.proportions import wilson
from nli_lifecycle.serving.log.database import for_writing
from nli_lifecycle.serving.log.features import ROW
from nli_lifecycle.serving.log.reading import LogReader
from nli_lifecycle.serving.log.store import Store

PORTION = 10_000  # rows that are made and written at a time
RECENT = 10  # windows before, whose labels the calibration is tested by
SAID = {"role": "champion", "endpoint": "/predict", "model": "nli", "version": "7", "epoch": 3}


def write_log(url: str, rows: int, words: int) -> float:
    """Write rows, and the true labels of the first pairs in each portion; rows per second."""
    generator = np.random.default_rng(13)
    store = Store(for_writing(url))
    store.prepare()
    spent = 0.0
    for start in range(0, rows, PORTION):
        some = traffic(generator, min(PORTION, rows - start), 0.1, True)
        values = portion(some, start)
        said = feedback(some, start, words * len(values) // rows)
        began = time.perf_counter()
        store.add(values, said)
        spent += time.perf_counter() - began
    store.close()
    return rows / spent if spent else 0.0


def portion(some: Traffic, start: int) -> list[list[Any]]:
    """Rows as the journal hands them to the writer; requests of two pairs."""
    columns = {name: values.tolist() for name, values in some.columns.items()}
    count = len(some.truth)
    columns |= {name: [value] * count for name, value in SAID.items()}
    numbers = range(start, start + count)
    columns["request_id"] = [f"request-{number // 2:032d}" for number in numbers]
    columns["position"] = [number % 2 for number in numbers]
    columns["time"] = [BEGIN + timedelta(seconds=number) for number in numbers]
    columns["digest"] = ["d" * 64] * count
    columns["pair_hash"] = [f"{number:032x}" for number in numbers]
    for text in ("premise", "hypothesis"):
        columns[f"{text}_chars"] = [6 * words for words in columns[f"{text}_words"]]
        columns[text] = [None] * count
    columns["environment"] = ["bench"] * count
    return [list(row) for row in zip(*(columns[name] for name in ROW))]


def feedback(some: Traffic, start: int, words: int) -> list[list[Any]]:
    """What one source says of the first pairs of a portion."""
    return [
        [
            f"word-{number:032d}",
            f"request-{number // 2:032d}",
            number % 2,
            "bench",
            LABELS[some.truth[number - start]],
            BEGIN + timedelta(seconds=number + 60),
            "",
        ]
        for number in range(start, start + min(words, len(some.truth)))
    ]


def reference() -> Reference:
    """Of a release: an evaluation set's rows and accuracy."""
    before = traffic(np.random.default_rng(14), REFERENCE_PAIRS, 0.1, True)
    windows = Windows(None)
    windows.add(before.columns)
    accuracy = wilson(int(before.right.sum()), REFERENCE_PAIRS, 0.95)
    return Reference(accuracy=accuracy, summary=windows.close()[0].summary)


def windows_of(reader: LogReader) -> Iterator[Window]:
    """All windows of a log, full or not."""
    windows = Windows(PAIRS)
    for batch in reader.rows(columns=COLUMNS):
        yield from windows.add(batch)
    yield from windows.close()


def summarise(url: str, labels: bool) -> dict[str, float]:
    """Read a whole log and measure each window; what that took of this very process."""
    known, settings = reference(), MeasuringSettings()
    reader = LogReader(url)
    began, cpu = time.perf_counter(), time.process_time()
    windows: Iterable[Window] = windows_of(reader)
    joined: list[Labelled] = []
    if labels:  # to be read twice
        windows = list(windows)
        joined = join(reader, windows)
    count = 0
    for count, window in enumerate(windows, 1):
        labelled = sum(joined[count - 1 : count], Labelled.empty())
        recent = sum(joined[max(0, count - 1 - RECENT) : count - 1], Labelled.empty())
        now = (window.summary.end or BEGIN) + timedelta(days=30)
        measure_window(window, known, labelled, recent, now, settings)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    reader.close()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "windows": count,
        "labelled": sum(some.pairs for some in joined),
        "peak_mb": peak_megabytes(),
    }


def join(reader: LogReader, windows: Sequence[Window]) -> list[Labelled]:
    """The windows' labelled pairs, by a second look at the log."""
    spans = [span(window.key, window.summary) for window in windows]
    labels = LabelJoin(settle(reader.last_words(), TruthSettings()), spans)
    for batch in reader.rows(columns=[*COLUMNS, "request_id", "position"]):
        labels.add(batch)
    return labels.labelled


def span(key: tuple[str, str, str, int], summary: Summary) -> Span:
    """Where a window lies in the log."""
    return Span(key, summary.first_arrival or 0, summary.last_arrival or 0)


def peak_megabytes() -> float:
    """Most memory that this process ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what the parent had before this program began
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1e3
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def in_fresh_process(url: str, labels: bool) -> dict[str, float]:
    """``summarise`` by a new interpreter."""
    command = [sys.executable, __file__, "--read", url, *(["--labels"] if labels else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1_800)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--url", help="of an empty database; default: a SQLite file, then deleted")
    parser.add_argument("--read", metavar="URL", help="only summarise this log")
    parser.add_argument("--labels", action="store_true", help="with --read: join feedback too")
    options = parser.parse_args()
    if options.read:
        print(json.dumps(summarise(options.read, options.labels)))
        return
    rows, words = (100_000, 5_000) if options.quick else (1_000_000, 50_000)
    with tempfile.TemporaryDirectory(prefix="bench-log-") as folder:
        empty, full = f"sqlite:///{folder}/empty.db", options.url or f"sqlite:///{folder}/log.db"
        write_log(empty, 0, 0)
        written = write_log(full, rows, words)
        found = {
            "empty log": in_fresh_process(empty, False),
            "rows": in_fresh_process(full, False),
            "rows and feedback": in_fresh_process(full, True),
        }
    tell(rows, written, found)


def tell(rows: int, written: float, found: dict[str, dict[str, float]]) -> None:
    """Print the table, then everything as one line of JSON."""
    table = Table(title=f"{rows:,} rows, written at {written:,.0f} rows per second")
    for heading in ("log", "windows", "labelled", "seconds", "of them CPU", "peak MB"):
        table.add_column(heading, justify="left" if heading == "log" else "right")
    for name, of in found.items():
        counts = f"{of['windows']:,}", f"{of['labelled']:,}"
        table.add_row(
            name,
            *counts,
            f"{of['seconds']:.1f}",
            f"{of['cpu_seconds']:.1f}",
            f"{of['peak_mb']:.0f}",
        )
    Console().print(table)
    plain, labelled, empty = (found[n] for n in ("rows", "rows and feedback", "empty log"))
    result = {
        "rows": rows,
        "rows_per_s": round(rows / plain["seconds"]),
        "rows_per_s_with_feedback": round(rows / labelled["seconds"]),
        "seconds": round(plain["seconds"], 2),
        "seconds_with_feedback": round(labelled["seconds"], 2),
        "cpu_seconds": round(plain["cpu_seconds"], 2),
        "cpu_seconds_with_feedback": round(labelled["cpu_seconds"], 2),
        "memory_mb": round(plain["peak_mb"] - empty["peak_mb"], 1),
        "memory_with_feedback_mb": round(labelled["peak_mb"] - empty["peak_mb"], 1),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
