"""Where training runs, and with how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import joblib  # type: ignore[import-untyped]
import torch


def choose_device(wanted: str) -> torch.device:
    """Pick the device to train on.

    Args:
        wanted: ``auto`` (CUDA, else Apple's MPS, else CPU), ``cpu``, ``cuda`` or ``mps``.

    Returns:
        The device.

    Raises:
        ValueError: when the device asked for by name is not there.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if wanted == "auto":
        return torch.device(next(name for name, here in present.items() if here))
    if not present[wanted]:
        here = ", ".join(name for name, here in present.items() if here)
        raise ValueError(
            f"training.device is {wanted!r}, but this machine offers {here}. Use 'auto'."
        )
    return torch.device(wanted)


@contextmanager
def own_torch_state(device: torch.device) -> Iterator[None]:
    """Lend torch's global random state and thread count, and give them back as they were.

    Torch counts the host's cores; in a container with a CPU quota that many threads would
    mostly wait for each other, so the quota caps them. ``OMP_NUM_THREADS`` is respected.

    Args:
        device: the device whose random state is lent too.
    """
    threads = torch.get_num_threads()
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    try:
        torch.set_num_threads(min(threads, joblib.cpu_count()))
        with torch.random.fork_rng(devices=cuda):
            yield
    finally:
        torch.set_num_threads(threads)


def mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """Compute in bfloat16 on GPUs that have it; a CPU without units for it is ten times slower.

    Args:
        device: the device of the model.

    Returns:
        A context for the forward pass.
    """
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        autocast: AbstractContextManager[object] = torch.autocast("cuda", dtype=torch.bfloat16)
        return autocast
    return nullcontext()
