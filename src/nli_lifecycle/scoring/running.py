"""Scoring what is missing, several portions at once, each committed by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from nli_lifecycle.engines.table import parquet_files
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.scoring.answers import TOGETHER, Stamp, answer_schema, answers
from nli_lifecycle.scoring.model import Model, load_model
from nli_lifecycle.scoring.output import Output, Portion


class Scorer(Protocol):
    """What scores portions; called by several threads at once."""

    @property
    def workers(self) -> int:
        """Portions at once unless the user says."""

    def __call__(self, portion: Portion, folder: Path, stop: Event) -> None:
        """Score a portion's rows into a new folder; soon raise once ``stop`` is set."""


class Interrupted(RuntimeError):
    """Another portion failed, or the user gave up."""


def score_missing(portions: Sequence[Portion], output: Output, score: Scorer, workers: int) -> int:
    """Score the portions that are not there yet.

    Args:
        portions: all of them.
        output: where they go.
        score: does the work.
        workers: portions at once.

    Returns:
        Rows scored now.
    """
    missing = {portion: portion.rows() for portion in portions if not output.done(portion)}
    known = sum(portion.rows() for portion in portions if portion not in missing)
    total = known + sum(missing.values())
    stop = Event()

    def work(portion: Portion) -> int:
        output.commit(portion, lambda folder: score(portion, folder, stop))
        return missing[portion]

    with (
        tqdm(desc="Scoring", unit=" pairs", initial=known, total=total, disable=None) as progress,
        ThreadPoolExecutor(workers, thread_name_prefix="scoring") as pool,
    ):
        futures = [pool.submit(work, portion) for portion in missing]
        try:
            for future in as_completed(futures):
                progress.update(future.result())
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return total - known


class ScoreHere:
    """Scores in this process, by one model for all threads.

    Threads do, as the model computes outside of Python's lock.

    Args:
        bundle: the model's.
        stamp: what stands on every row.
    """

    def __init__(self, bundle: Bundle, stamp: Stamp) -> None:
        # Where Spark scores, only its workers need ONNX Runtime.
        from nli_lifecycle.nli.inference import default_threads

        self.workers = default_threads()  # one portion for each core
        self._model: Model = load_model(bundle.path, bundle.digest)
        self._stamp = stamp

    def __call__(self, portion: Portion, folder: Path, stop: Event) -> None:
        """Score a portion into a new folder.

        Raises:
            Interrupted: asked to stop.
        """
        files = parquet_files([portion.landed])
        schema = answer_schema(pq.read_schema(files[0]))
        folder.mkdir()
        with pq.ParquetWriter(folder / "part-00000.parquet", schema) as writer:
            for batch in answers(self._model, self._stamp, _until(stop, files)):
                writer.write_batch(batch)


def _until(stop: Event, files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(TOGETHER):
                if stop.is_set():
                    raise Interrupted("Scoring was stopped.")
                yield batch
