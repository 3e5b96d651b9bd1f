"""Checkpoints of a training that is under way: cut off anywhere, it goes on from the last one.

A checkpoint is a folder of safetensors files and a ``state.json`` that holds their sha256. It
appears in one move, when it is complete. A damaged one is passed over for the one before it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from nli_lifecycle.nli.training.checkpoint import appearing, as_os_error
from nli_lifecycle.nli.training.costs import Cost
from nli_lifecycle.nli.training.optimisation import BestWeights

logger = logging.getLogger(__name__)

#: Checkpoints kept: the last, and the one before it in case the last is damaged.
KEPT = 2

STATE = "state.json"


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        step: optimiser steps done.
        pairs: training pairs seen, repetitions counted.
        total: time spent, earlier processes' included.
        loop: the part of it that went into steps.
        peak_memory_mb: the most memory that was held.
    """

    step: int = 0
    pairs: int = 0
    total: Cost = field(default_factory=Cost)
    loop: Cost = field(default_factory=Cost)
    peak_memory_mb: float = 0.0


class DamagedCheckpoint(ValueError):
    """A checkpoint whose files are not what was written."""


def save_progress(
    folder: Path,
    progress: Progress,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    best: BestWeights,
    random: np.random.Generator,
) -> None:
    """Write a checkpoint, and remove those that are no longer needed.

    Args:
        folder: of this training's checkpoints; created.
        progress: how far it has come.
        model: its weights are written.
        optimiser: its moments are written.
        best: the best weights so far, and their scores.
        random: the generator of dropout; torch's own random state is written too.

    Raises:
        OSError: when the disk is full or the folder may not be written; the checkpoints before
            this one stay.
    """
    final = folder / f"step-{progress.step:09d}"
    with appearing(final) as partial:
        tensors = {
            "weights": dict(model.state_dict()),
            "moments": _flat(optimiser.state_dict()["state"]),
            "best": best.weights,
        }
        try:
            for name, values in tensors.items():
                file = partial / f"{name}.safetensors"
                save_file({key: value.contiguous() for key, value in values.items()}, file)
        except SafetensorError as error:
            raise as_os_error(error, final) from error
        state: dict[str, Any] = {
            "step": progress.step,
            "pairs": progress.pairs,
            "total": [progress.total.seconds, progress.total.cpu_seconds],
            "loop": [progress.loop.seconds, progress.loop.cpu_seconds],
            "peak_memory_mb": progress.peak_memory_mb,
            "scores": best.scores,
            "stale_validations": best.stale_validations,
            "random": {name: _text(value) for name, value in _random_states().items()},
            "dropout": random.bit_generator.state,
            "files": {f"{name}.safetensors": None for name in tensors},
        }
        state["files"] = {name: _sha256(partial / name) for name in state["files"]}
        state["sha256"] = _sha256_of(state)
        (partial / STATE).write_text(json.dumps(state) + "\n")
    for older in _checkpoints(folder)[KEPT:]:
        shutil.rmtree(older)


def restore_progress(
    folder: Path | None,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    best: BestWeights,
    random: np.random.Generator,
) -> Progress:
    """Go back to the last good checkpoint.

    Args:
        folder: of this training's checkpoints; need not be there. None: there are none.
        model: gets the weights.
        optimiser: gets the moments.
        best: gets the best weights and their scores.
        random: gets the state that it had, and torch's own generator too.

    Returns:
        How far the training had come; nowhere, if there is no good checkpoint.
    """
    for checkpoint in _checkpoints(folder) if folder else ():
        try:
            state, tensors = _read(checkpoint)
        except DamagedCheckpoint as error:
            logger.warning(
                "%s is damaged (%s): going on from the one before it.", checkpoint, error
            )
            continue
        model.load_state_dict(tensors["weights"])
        moments = {"state": _nested(tensors["moments"])}
        optimiser.load_state_dict(
            moments | {"param_groups": optimiser.state_dict()["param_groups"]}
        )
        best.weights, best.scores = tensors["best"], state["scores"]
        best.stale_validations = state["stale_validations"]
        random.bit_generator.state = state["dropout"]
        _set_random_states({name: _bytes(text) for name, text in state["random"].items()})
        return Progress(
            step=state["step"],
            pairs=state["pairs"],
            total=Cost(*state["total"]),
            loop=Cost(*state["loop"]),
            peak_memory_mb=state["peak_memory_mb"],
        )
    return Progress()


def _checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints, the last first."""
    return sorted(folder.glob("step-*"), reverse=True)


def _read(checkpoint: Path) -> tuple[dict[str, Any], dict[str, dict[str, torch.Tensor]]]:
    try:
        state = json.loads((checkpoint / STATE).read_text())
        if state.pop("sha256") != _sha256_of(state):
            raise DamagedCheckpoint(f"{STATE} was changed")
        for name, expected in state["files"].items():
            if _sha256(checkpoint / name) != expected:
                raise DamagedCheckpoint(f"{name} is not what was written")
        tensors = {Path(name).stem: load_file(checkpoint / name) for name in state["files"]}
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        if isinstance(error, DamagedCheckpoint):
            raise
        raise DamagedCheckpoint(f"{type(error).__name__}: {error}") from error
    return state, tensors


def _flat(state: Mapping[int, Mapping[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {f"{index}.{name}": value for index, own in state.items() for name, value in own.items()}


def _nested(flat: Mapping[str, torch.Tensor]) -> dict[int, dict[str, torch.Tensor]]:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in flat.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    return state


def _random_states() -> dict[str, torch.Tensor]:
    states = {"cpu": torch.random.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _set_random_states(states: Mapping[str, torch.Tensor]) -> None:
    torch.random.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _bytes(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _sha256_of(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
