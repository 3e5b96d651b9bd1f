"""One of several training processes: it learns its number as torchrun says it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch

from nli_lifecycle.nli.training.loop import train
from nli_lifecycle.nli.training.ranks import Ranks
from nli_lifecycle.nli.training.task import STARTER, Task
from nli_lifecycle.parameters import TrainingParameters


def main(folder: Path) -> None:
    """Take part in the training that a folder describes.

    Args:
        folder: with a ``Task``; process 0 writes curves and the result into it, each process its
            error.
    """
    _die_with_starter()
    task = Task(folder)
    ranks = Ranks(rank=int(os.environ["RANK"]), size=int(os.environ["WORLD_SIZE"]))
    try:
        _train(task, ranks)
    except BaseException as error:
        task.write_error(ranks.rank, error)
        raise
    finally:
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


def _die_with_starter() -> None:
    """End this process when the one that wanted it was killed: another may go on in its place."""
    starter = int(os.environ.get(STARTER, "0"))
    if not starter:  # on a cluster, which sees to it
        return

    def watch() -> None:
        while True:
            time.sleep(0.5)
            try:
                os.kill(starter, 0)
            except ProcessLookupError:
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _train(task: Task, ranks: Ranks) -> None:
    said = json.loads(task.description.read_text())
    parameters = TrainingParameters.model_validate(said["parameters"])
    on_gpu = parameters.device in ("auto", "cuda") and torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo")

    def note(metrics: Mapping[str, float], step: int) -> None:
        with task.curves.open("a") as file:
            file.write(json.dumps([dict(metrics), step]) + "\n")

    result = train(
        pd.read_parquet(task.train),
        pd.read_parquet(task.validation),
        parameters,
        encoder=said["encoder"],
        output=Path(said["output"]),
        progress=Path(said["progress"]) if said["progress"] else None,
        on_metrics=note,
        ranks=ranks,
    )
    if ranks.first:
        task.write_result(asdict(result))
    torch.distributed.barrier()  # one that ends earlier may take process 0 with it
