"""Other tools on the very same windows, each by an interpreter that has it."""

from __future__ import annotations

import csv
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from monitored.figures import Alarms
from monitored.measured import measure
from monitored.pool import Pool
from monitored.programs import EVIDENTLY, NANNYML
from monitored.scenes import Draw, is_quiet
from monitored.streams import Stream, confidence

from nli_lifecycle.nli.labels import LABELS

PATIENCE = 1_800  # seconds


@dataclass(frozen=True)
class Drift:
    """What Evidently found.

    Attributes:
        version: of Evidently.
        seconds: per window.
        alarms: of its rule (half of the columns or more), and of any column, per window.
    """

    version: str
    seconds: float
    alarms: Alarms


def compare_estimates(
    python: str, draw: Draw, streams: int
) -> tuple[str, dict[str, tuple[float, float]]]:
    """NannyML's version; its errors and ours on the same windows, in points, by scene."""
    drawn = {scene: [draw(scene, number) for number in range(streams)] for scene in draw.scenes}
    version, found = run(python, NANNYML, drawn, draw.sizes.pairs)
    errors = {}
    for scene, theirs in found.items():
        begin = 0 if is_quiet(scene) else draw.sizes.calm
        ours = [measure(stream, draw.sizes.pairs) for stream in drawn[scene]]
        right = np.array([one.accuracy[begin:] for one in ours])
        off = [
            100 * float(np.abs(np.array(estimated) - right).mean())
            for estimated in ([t[begin:] for t in theirs], [o.estimated[begin:] for o in ours])
        ]
        errors[scene] = round(off[0], 2), round(off[1], 2)
    return version, errors


def drift(python: str, draw: Draw, streams: int) -> Drift:
    """Evidently's alarms, by scene."""
    drawn = {scene: [draw(scene, number) for number in range(streams)] for scene in draw.scenes}
    version, found = run(python, EVIDENTLY, drawn, draw.sizes.pairs)
    alarms: Alarms = {}
    for scene, theirs in found.items():
        shares = [stream["shares"] for stream in theirs]
        alarms[scene] = {
            "evidently_half_of_columns": [[share >= 0.5 for share in row] for row in shares],
            "evidently_any_column": [[share > 0 for share in row] for row in shares],
        }
    every = [stream["seconds"] for theirs in found.values() for stream in theirs]
    return Drift(version, round(float(np.mean(np.concatenate(every))), 4), alarms)


def run(
    python: str, program: str, drawn: dict[str, list[Stream]], pairs: int
) -> tuple[str, dict[str, list[Any]]]:
    """Run a tool on streams.

    Args:
        python: interpreter that has it.
        program: what it runs, on folders with ``before.csv`` and ``now.csv``.
        drawn: streams by scene.
        pairs: of a window.

    Returns:
        The tool's version, and what it found in each stream, by scene.

    Raises:
        OSError: there is no such interpreter.
        subprocess.SubprocessError: the program failed; its standard error says why.
    """
    with tempfile.TemporaryDirectory(prefix="bench-rival-") as home:
        folders = {
            scene: [Path(home) / f"{place}-{number}" for number in range(len(streams))]
            for place, (scene, streams) in enumerate(drawn.items())
        }
        for scene, streams in drawn.items():
            for folder, stream in zip(folders[scene], streams):
                folder.mkdir()
                write(folder / "before.csv", stream.before)
                write(folder / "now.csv", stream.now)
        every = [str(folder) for some in folders.values() for folder in some]
        command = [python, "-W", "ignore", "-c", program, str(pairs), *every]
        done = subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True, text=True)
        found = {
            scene: [json.loads((folder / "found.json").read_text()) for folder in some]
            for scene, some in folders.items()
        }
    return done.stdout.split()[-1], found


def write(path: Path, pool: Pool) -> None:
    """Pairs as CSV, with confidence and truth as columns of their own."""
    columns = pool.columns | {
        "confidence": confidence(pool),
        "truth": np.array(LABELS)[pool.truth],
    }
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        rows.writerows(zip(*(values.tolist() for values in columns.values())))
