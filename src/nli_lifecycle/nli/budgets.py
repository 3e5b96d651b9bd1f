"""What a model costs to run: time, bytes, memory, measured beside the champion in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pandas as pd

SINGLE_PAIRS = 60  # calls with one pair, per model
BATCH_PAIRS = 256
BATCHES = 3  # calls with the batch, per model
MEMORY_PAIRS = 64

#: Run in a process of its own: loads the payload with its own code, answers, tells its peak.
#: Linux hands the parent's peak on in getrusage, so that there /proc is asked.
_MEMORY_PROBE = """
import json, re, resource, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from inference import Classifier
premises, hypotheses = json.load(sys.stdin)
Classifier.load(Path(sys.argv[1]), verify=False).predict_proba(premises, hypotheses)
status = Path("/proc/self/status")
if status.exists():
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

Predict = Callable[[list[str], list[str]], object]


class BudgetError(ValueError):
    """A model whose costs cannot be measured."""


@dataclass(frozen=True)
class Footprint:
    """What one model needs on this machine.

    Attributes:
        latency_ms: median wall time of one pair, milliseconds.
        pairs_per_second: throughput of a batch.
        megabytes: size of the bundle's payload, 10^6 bytes.
        memory_megabytes: peak resident memory of a process that loads it and answers, 10^6 bytes.
    """

    latency_ms: float
    pairs_per_second: float
    megabytes: float
    memory_megabytes: float


def measure_footprints(
    payloads: Mapping[str, Path], predict: Mapping[str, Predict], pairs: pd.DataFrame
) -> dict[str, Footprint]:
    """Measure models in turns, so that a busy moment of the machine hits all of them.

    Args:
        payloads: name → payload folder.
        predict: name → function of n premises and n hypotheses.
        pairs: what they answer; a few hundred of them are used, again where there are fewer.

    Returns:
        Name → footprint.

    Raises:
        BudgetError: a payload that cannot be loaded in a process of its own.
    """
    repeated = pd.concat([pairs] * (BATCH_PAIRS // len(pairs) + 1)).head(BATCH_PAIRS)
    premises, hypotheses = repeated["premise"].tolist(), repeated["hypothesis"].tolist()
    single: dict[str, list[float]] = {name: [] for name in predict}
    batch: dict[str, list[float]] = {name: [] for name in predict}
    for answer in predict.values():
        answer(premises[:1], hypotheses[:1])
    for row in range(SINGLE_PAIRS):
        for name, answer in predict.items():
            place = slice(row, row + 1)
            single[name].append(_seconds(answer, premises[place], hypotheses[place]))
    for _ in range(BATCHES):
        for name, answer in predict.items():
            batch[name].append(_seconds(answer, premises, hypotheses))
    texts = json.dumps([premises[:MEMORY_PAIRS], hypotheses[:MEMORY_PAIRS]])
    return {
        name: Footprint(
            latency_ms=1_000 * median(single[name]),
            pairs_per_second=BATCH_PAIRS / median(batch[name]),
            megabytes=sum(file.stat().st_size for file in payload.iterdir()) / 1e6,
            memory_megabytes=_peak_memory(payload, texts) / 1e6,
        )
        for name, payload in payloads.items()
    }


def _seconds(answer: Predict, premises: list[str], hypotheses: list[str]) -> float:
    started = time.perf_counter()
    answer(premises, hypotheses)
    return time.perf_counter() - started


def _peak_memory(payload: Path, texts: str) -> int:
    """Peak resident bytes of a fresh process that loads the payload and answers.

    -B: a compiled file left in a sealed folder would break its seal.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _MEMORY_PROBE, str(payload)],
        input=texts,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BudgetError(f"{payload} does not answer in a process of its own: {last}")
    return int(done.stdout)
