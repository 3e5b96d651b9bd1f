"""What a training costs: time, CPU time, memory."""

from __future__ import annotations

import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True)
class Cost:
    """Time spent so far, or between two readings.

    Attributes:
        seconds: wall clock.
        cpu_seconds: of all threads of this process.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.seconds - other.seconds, self.cpu_seconds - other.cpu_seconds)


def read_clocks() -> Cost:
    """Read both clocks; differences between two readings mean something."""
    return Cost(time.perf_counter(), time.process_time())


def peak_memory_mb(device: torch.device) -> float:
    """Find the most memory this process has held, in 2^20 bytes: the GPU's on a GPU."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device)) / 2**20
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands the parent's peak on in getrusage
        found = re.search(r"VmHWM:\s*(\d+)", status.read_text())
        if found:
            return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
