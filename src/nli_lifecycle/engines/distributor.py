"""Training processes on Spark's workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Set where the cluster hands out GPUs.
GPUS = "spark.task.resource.gpu.amount"


def run_on_spark(session: SparkSession, script: Path, processes: int) -> None:
    """Run a script in so many processes at once, one a task, by PySpark's TorchDistributor.

    Args:
        session: with at least so many free task slots.
        script: a file that workers see under the same path.
        processes: how many; each learns its number as torchrun says it.

    Raises:
        RuntimeError: one of them failed.
    """
    from pyspark.ml.torch.distributor import TorchDistributor

    use_gpu = session.conf.get(GPUS, None) is not None
    distributor = TorchDistributor(num_processes=processes, local_mode=False, use_gpu=use_gpu)
    try:
        distributor.run(str(script))
    except Exception as error:  # whatever Spark makes of a task that failed
        raise RuntimeError(f"{type(error).__name__}: {str(error)[-2_000:]}") from error
