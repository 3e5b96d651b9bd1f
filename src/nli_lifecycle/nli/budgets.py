"""What a model costs to run: time, bytes, memory, measured beside the champion in one run."""

from __future__ import annotations

from dataclasses import dataclass


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
