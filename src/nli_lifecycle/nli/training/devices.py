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
        torch.set_num_threads(min(threads, usable_cpus()))
        with torch.random.fork_rng(devices=cuda):
            yield
    finally:
        torch.set_num_threads(threads)


def usable_cpus() -> int:
    """Count the cores that this process may use, a container's quota considered."""
    return int(joblib.cpu_count())


def mixed_precision(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Compute matrix products in bfloat16 where there are units for it; weights stay float32.

    Those are GPUs since Ampere, and CPUs with AMX. On other CPUs it is ten times slower.

    Args:
        device: the device of the model.
        precision: ``auto``, or ``float32`` to do without.

    Returns:
        A context for the forward pass.
    """
    if precision == "auto" and has_bfloat16(device):
        autocast: AbstractContextManager[object] = torch.autocast(device.type, dtype=torch.bfloat16)
        return autocast
    return nullcontext()


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has units for matrix products in bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":  # torch has no public name for it
        return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
    return False
