"""Where training runs, and with how many threads."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import joblib  # type: ignore[import-untyped]
import torch

logger = logging.getLogger(__name__)


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


def mixed_precision(device: torch.device, bfloat16: bool) -> AbstractContextManager[object]:
    """Compute matrix products in bfloat16, or as they come; weights stay float32.

    Args:
        device: the device of the model.
        bfloat16: what ``suits_bfloat16`` said.

    Returns:
        A context for the forward pass.
    """
    if bfloat16:
        autocast: AbstractContextManager[object] = torch.autocast(device.type, dtype=torch.bfloat16)
        return autocast
    return nullcontext()


def suits_bfloat16(model: Any, device: torch.device, precision: str) -> bool:
    """Whether to compute in bfloat16: where there are units for it, and the encoder can.

    Units are in GPUs since Ampere and in CPUs with AMX; on other CPUs it is ten times slower.
    DeBERTa's mask, for one, holds a number that bfloat16 cannot.

    Args:
        model: on its device; left in evaluation mode.
        device: the device.
        precision: ``auto``, or ``float32`` to do without.
    """
    if precision != "auto" or not has_bfloat16(device):
        return False
    model.eval()  # dropout would draw numbers
    tokens = torch.zeros(2, 8, dtype=torch.int64, device=device)
    try:
        with torch.no_grad(), mixed_precision(device, True):
            model(input_ids=tokens, attention_mask=(tokens + 1).tril())
    except RuntimeError as error:
        logger.info(
            "A %s encoder cannot compute in bfloat16 (%s): it is trained in float32.",
            model.config.model_type,
            error,
        )
        return False
    return True


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has units for matrix products in bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":  # torch has no public name for it
        return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())
    return False
