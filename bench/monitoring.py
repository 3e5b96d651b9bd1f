"""How good the alarms are: simulated traffic whose true accuracy is known.

    python bench/monitoring.py            # some minutes
    python bench/monitoring.py --quick    # three minutes at most

A simulated model sees three noisy scores per pair and answers with their exact posterior, so that
it is calibrated and right on 86%. Quiet traffic goes on like its reference; then hard pairs come,
longer and with fewer words in common, until accuracy is 5 points lower. Either the model's
probabilities know that these are hard (`drop`), or they do not (`drop, overconfident`). In a
second quiet stream, requests bring 1 to 10 pairs of one premise each.

A false alarm is any alarm in quiet traffic; a delay is the number of windows of 500 pairs up to
the first alarm, the alarming one included. Each simulated release has a reference of its own, with
its own luck. Windows are summed up, estimated and compared by the product's own code.

`--nannyml PYTHON` runs NannyML's CBPE on the same windows, by an interpreter that has it. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from monitored.programs import NANNYML
from rich.console import Console
from rich.table import Table

from nli_lifecycle.monitoring.detectors import (
    DetectorSettings,
    drifted,
    fallen,
    fallen_n_of_m,
)
from nli_lifecycle.monitoring.drift import DriftSettings, drift
from nli_lifecycle.monitoring.estimate import expected_accuracy
from nli_lifecycle.monitoring.findings import Finding
from nli_lifecycle.monitoring.holm import corrected
from nli_lifecycle.monitoring.observing import observe_estimate, observe_share
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.monitoring.windows import Windows
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.proportions import wilson

PAIRS = 500  # of a window
REFERENCE_PAIRS = 2_000  # of a release's evaluation set; more make detectors quicker …
MANY_PAIRS = 10_000  # … for example as many as SNLI's and MultiNLI's test sets have
SIGNAL, HARD_SIGNAL = 1.95, 0.8  # of a pair's true label, in standard deviations of the noise
LASTING = 20  # windows after the drop; found later counts as this many
SETTINGS = DetectorSettings()
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
TOGETHER = "quiet, pairs of a premise together"
SCENES = ("quiet", "drop", "drop, overconfident")


@dataclass(frozen=True)
class Traffic:
    """Columns of pairs, and their true labels."""

    columns: dict[str, np.ndarray]
    truth: np.ndarray

    @property
    def right(self) -> np.ndarray:
        return self.columns["label"] == np.array(LABELS)[self.truth]


def traffic(generator: np.random.Generator, rows: int, hard: float, knows: bool) -> Traffic:
    """Simulated pairs, a share of which is hard."""
    truth = generator.integers(3, size=rows)
    is_hard = generator.random(rows) < hard
    signal = np.where(is_hard, HARD_SIGNAL, SIGNAL)[:, None]
    scores = generator.normal(size=(rows, 3)) + signal * np.eye(3)[truth]
    logits = scores * (signal if knows else SIGNAL)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    words = generator.poisson(np.where(is_hard, 19, 13))
    columns = {
        "label": np.array(LABELS)[p.argmax(axis=1)],
        **{f"p_{label}": p[:, code] for code, label in enumerate(LABELS)},
        "premise_words": words,
        "hypothesis_words": generator.poisson(7, size=rows),
        "overlap": generator.beta(2 - 0.5 * is_hard, 3),
        "unknown_share": generator.binomial(20, 0.03 + 0.03 * is_hard) / 20,
        "latency_ms": generator.gamma(4, 5, size=rows),
        "arrival": np.arange(1, rows + 1),
        "time": np.full(rows, BEGIN, dtype=object),
    }
    return Traffic(columns, truth)


def asked_together(seen: Traffic, generator: np.random.Generator) -> Traffic:
    """The same pairs, 1 to 10 of them in a request, with one premise."""
    rows = len(seen.truth)
    sizes = generator.integers(1, 11, size=rows)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)[:rows]
    shared = {name: seen.columns[name][first] for name in ("premise_words", "unknown_share")}
    return Traffic(seen.columns | shared | {"position": np.arange(rows) - first}, seen.truth)


def share_of_hard(generator: np.random.Generator) -> tuple[float, float]:
    """The share of hard pairs that costs five points, and the accuracy without any."""
    easy = traffic(generator, 400_000, 0.0, True).right.mean()
    hard = traffic(generator, 400_000, 1.0, True).right.mean()
    return float(0.05 / (easy - hard)), float(easy)


def summaries(seen: Traffic) -> list[Summary]:
    """Windows of these pairs, by the product's code."""
    return [window.summary for window in Windows(PAIRS).add(seen.columns)]


def first_alarms(alarms: list[list[bool]]) -> np.ndarray:
    """Number of the first alarming window of each release, the last one's where there is none."""
    raised = np.array(alarms)
    return np.where(raised.any(axis=1), raised.argmax(axis=1) + 1, raised.shape[1])


def delay(alarms: list[list[bool]]) -> float | None:
    """Mean number of windows up to the first alarm; None: most releases never had any."""
    missed = 1 - np.array(alarms).any(axis=1).mean()
    return None if missed > 0.5 else round(float(first_alarms(alarms).mean()), 2)


def said(late: float | None) -> str:
    return "not found" if late is None else f"{late:.2f}"


def accuracy_detectors(generator: np.random.Generator, accuracy: float, releases: int, known: int):
    """Alarms of realised accuracy, all pairs labelled, for each scene and release."""
    found: dict[str, dict[str, list]] = {scene: defaultdict(list) for scene in SCENES[:2]}
    for _ in range(releases):
        evidence = wilson(generator.binomial(known, accuracy), known, 0.95)
        reference = Reference(accuracy=evidence)
        for scene, true in (("quiet", accuracy), ("drop", accuracy - 0.05)):
            rights = generator.binomial(PAIRS, true, size=100 if scene == "quiet" else LASTING)
            observed = [observe_share(int(right), PAIRS, reference) for right in rights]
            found[scene]["realised_cusum"].append(fallen(observed, SETTINGS))
            found[scene]["realised_n_of_m"].append(fallen_n_of_m(observed, SETTINGS))
    return found


def window_detectors(generator: np.random.Generator, hard: float, releases: int, quiet: int):
    """Alarms of the estimate and of drift, by the product's code, for each scene and release."""
    found: dict[str, dict[str, list]] = {s: defaultdict(list) for s in (*SCENES, TOGETHER)}
    errors: dict[str, list[float]] = defaultdict(list)
    for _ in range(releases):
        before = traffic(generator, REFERENCE_PAIRS, 0.0, True)
        reference = reference_of(before)
        for scene in SCENES:
            count = quiet if scene == "quiet" else LASTING
            share = 0.0 if scene == "quiet" else hard
            now = traffic(generator, count * PAIRS, share, scene != "drop, overconfident")
            seen = summaries(now)
            right = now.right.reshape(-1, PAIRS).mean(axis=1)
            estimates = [expected_accuracy(summary).value for summary in seen]
            errors[scene] += [100 * abs(e - r) for e, r in zip(estimates, right)]
            for name, alarms in alarms_of(seen, reference).items():
                found[scene][name].append(alarms)
        before, now = (
            asked_together(traffic(generator, count, 0.0, True), generator)
            for count in (REFERENCE_PAIRS, quiet * PAIRS)
        )
        for name, alarms in alarms_of(summaries(now), reference_of(before)).items():
            found[TOGETHER][name].append(alarms)
    return found, errors


def reference_of(before: Traffic) -> Reference:
    """The summary of a release's evaluation set."""
    windows = Windows(None)
    windows.add(before.columns)
    return Reference(summary=windows.close()[0].summary)


def alarms_of(seen: list[Summary], reference: Reference) -> dict[str, list[bool]]:
    """Every detector's alarms over one release's windows."""
    observed = [observe_estimate(summary, reference) for summary in seen]
    alarms = {
        "estimated_cusum": fallen(observed, SETTINGS),
        "estimated_n_of_m": fallen_n_of_m(observed, SETTINGS),
    }
    ratio = sqrt(PAIRS / REFERENCE_PAIRS)
    tests: list[tuple[Finding, ...]] = [
        corrected(drift(summary, reference.summary, DriftSettings())) for summary in seen
    ]
    for place, finding in enumerate(tests[0]):
        p_values = [window[place].p_value for window in tests]
        alarms[f"drift_{finding.name}"] = drifted(p_values, SETTINGS, ratio)
    smallest = [min(f.p_value for f in window if f.p_value is not None) for window in tests]
    alarms["drift_any"] = drifted(smallest, SETTINGS, ratio)
    return alarms


def rows_per_second(generator: np.random.Generator, rows: int) -> float:
    """How fast batches of 10,000 rows, lists as a database gives them, become windows."""
    columns = traffic(generator, 10_000, 0.1, True).columns
    batch = {name: values.tolist() for name, values in columns.items()}
    batch["time"] = [BEGIN + timedelta(seconds=n) for n in range(10_000)]
    batch |= {"role": ["champion"] * 10_000, "model": ["nli"] * 10_000, "version": ["7"] * 10_000}
    batch |= {"digest": ["d" * 64, "e" * 64] * 5_000, "epoch": [3] * 10_000}
    windows, spent = Windows(PAIRS), 0.0
    for number in range(rows // 10_000):
        batch["arrival"] = list(range(number * 10_000 + 1, (number + 1) * 10_000 + 1))
        began = time.perf_counter()
        windows.add(batch)
        spent += time.perf_counter() - began
    return rows / spent


def nannyml_errors(python: str, generator: np.random.Generator, hard: float, releases: int):
    """Errors of NannyML's CBPE and of ours on the same windows, in points, by scene."""
    errors: dict[str, tuple[float, float]] = {}
    for scene in SCENES:
        share = 0.0 if scene == "quiet" else hard
        seen = []
        with tempfile.TemporaryDirectory() as parent:
            folders = [Path(parent) / str(release) for release in range(releases)]
            for folder in folders:
                folder.mkdir()
                now = traffic(generator, 10 * PAIRS, share, scene != "drop, overconfident")
                write(folder / "before.csv", traffic(generator, REFERENCE_PAIRS, 0.0, True))
                write(folder / "now.csv", now)
                seen.append(now)
            command = [python, "-W", "ignore", "-c", NANNYML, str(PAIRS), *map(str, folders)]
            subprocess.run(command, check=True, timeout=900, capture_output=True, text=True)
            theirs = np.concatenate(
                [json.loads((folder / "found.json").read_text()) for folder in folders]
            )
        right = np.concatenate([now.right.reshape(-1, PAIRS).mean(axis=1) for now in seen])
        ours = [expected_accuracy(summary).value for now in seen for summary in summaries(now)]
        theirs_off, ours_off = (np.abs(np.array(x) - right).mean() for x in (theirs, ours))
        errors[scene] = 100 * float(theirs_off), 100 * float(ours_off)
    return errors


def write(path: Path, some: Traffic) -> None:
    """Pairs as CSV, for another interpreter."""
    names = ["label", *(f"p_{label}" for label in LABELS)]
    rows = zip(*(some.columns[name] for name in names), np.array(LABELS)[some.truth])
    lines = [",".join([*names, "truth"]), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer simulations")
    parser.add_argument("--nannyml", metavar="PYTHON", help="interpreter that has NannyML")
    parser.add_argument("--seed", type=int, default=13)
    options = parser.parse_args()
    console = Console()
    generator = np.random.default_rng(options.seed)
    hard, accuracy = share_of_hard(generator)
    releases, quiet = (40, 60) if options.quick else (200, 100)
    found, errors = window_detectors(generator, hard, releases, quiet)
    releases = 2_000 if options.quick else 20_000
    for known in (REFERENCE_PAIRS, MANY_PAIRS):
        for scene, alarms in accuracy_detectors(generator, accuracy, releases, known).items():
            rest = "" if known == REFERENCE_PAIRS else f"_reference_{known}"
            found[scene] |= {name + rest: raised for name, raised in alarms.items()}
    table = Table(title=f"Windows of {PAIRS} pairs, references of {REFERENCE_PAIRS:,}")
    headings = ("detector", "false per 1,000", "together", "delay", "within 2", "overconfident")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left", no_wrap=not place)
    result: dict[str, Any] = {}
    for name in found["quiet"]:
        false = 1_000 * float(np.mean(found["quiet"][name]))
        late = delay(found["drop"][name])
        unknown = found["drop, overconfident"].get(name, found["drop"][name])
        within = (first_alarms(found["drop"][name]) <= 2).mean()
        result[name] = {"false_alarms_per_1000": round(false, 2), "delay_windows_5pt": late}
        together = ""
        if name in found[TOGETHER]:
            rate = 1_000 * float(np.mean(found[TOGETHER][name]))
            result[name]["false_alarms_per_1000_together"] = round(rate, 2)
            together = f"{rate:.1f}"
        delays = said(late), f"{within:.0%}", said(delay(unknown))
        table.add_row(name, f"{false:.1f}", together, *delays)
    console.print(table)
    for scene in SCENES:
        console.print(f"estimate's error, {scene}: {np.mean(errors[scene]):.2f} points per window")
    result["estimate_error_points"] = round(float(np.mean(errors["quiet"] + errors["drop"])), 3)
    result["nannyml_error_points"] = None
    by_scene = None
    if options.nannyml:
        try:
            releases = 10 if options.quick else 40
            by_scene = nannyml_errors(options.nannyml, generator, hard, releases)
        except (OSError, subprocess.SubprocessError) as error:
            said_last = str(getattr(error, "stderr", None) or error).strip().splitlines()[-1]
            console.print(f"NannyML's error: not measured: {said_last}")
    else:
        console.print("NannyML's error: not measured, --nannyml names no interpreter.")
    if by_scene is not None:
        for scene, (theirs, ours) in by_scene.items():
            console.print(f"NannyML's error, {scene}: {theirs:.2f} points; ours there {ours:.2f}")
        both = [by_scene["quiet"], by_scene["drop"]]  # on the same windows
        for place, name in enumerate(("nannyml_error_points", "estimate_error_points")):
            result[name] = round(sum(found[place] for found in both) / 2, 3)
    rate = rows_per_second(generator, 200_000 if options.quick else 1_000_000)
    result["rows_per_s"] = round(rate)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
