"""Scoring by Spark's workers: one model in each Python process, kept from task to task.

Only what Spark Connect knows is used. Workers need our dependencies, neither our package nor the
bundle: both are shipped to them.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import zipfile
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pyarrow as pa

from nli_lifecycle.engines.spark import uri_of
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.scoring.answers import Stamp, answer_schema
from nli_lifecycle.scoring.output import Portion, ScoringError
from nli_lifecycle.scoring.rows import LANDED
from nli_lifecycle.scoring.task import score_batches

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

#: Rows of a task at most: seconds of work, sorted by length among themselves.
TASK_ROWS = 2_048
#: Tasks of a portion at least, so that a small one keeps several cores busy too.
TASKS = 8
#: What is needed for the files to be as other readers expect them; set where Spark lets us.
OPTIONS = {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}


class ScoreOnSpark:
    """Scores a portion by one Spark job.

    Args:
        session: the session.
        bundle: the model's; shipped once.
        stamp: what stands on every row.
    """

    #: Portions at once unless the user says: while one ends, the next ones keep the cores busy.
    workers = 4

    def __init__(self, session: SparkSession, bundle: Bundle, stamp: Stamp) -> None:
        self._session = session
        self._kinds: StructType | None = None  # of the landed rows: the same in every portion
        for name, value in OPTIONS.items():
            if session.conf.isModifiable(name):
                session.conf.set(name, value)
        self._function = partial(score_batches, ship(session, bundle), bundle.digest, stamp)

    def __call__(self, portion: Portion, folder: Path, stop: Event) -> None:
        """Score a portion into a new folder.

        Raises:
            ScoringError: a worker failed; says why.
        """
        from pyspark.errors import PySparkException

        tasks = max(TASKS, -(-portion.rows() // TASK_ROWS))
        reader = self._session.read
        try:
            if self._kinds is None:
                self._kinds = reader.parquet(uri_of(portion.landed)).schema
            rows = reader.schema(self._kinds).parquet(uri_of(portion.landed)).repartition(tasks)
            numbered = rows.toDF(*map(str, range(len(rows.columns))))
            scored = numbered.mapInArrow(
                partial(self._function, tuple(rows.columns)), _schema(rows)
            )
            scored.write.parquet(uri_of(folder))
        except PySparkException as error:
            raise ScoringError(f"Spark cannot score {portion.name}: {_reason(error)}") from error


def ship(session: SparkSession, bundle: Bundle) -> str:
    """Give the workers a bundle, once in a session; returns its name among their files."""
    name = f"nli_bundle_{bundle.digest[:16]}.zip"
    shipped = f"nli.lifecycle.shipped.{bundle.digest[:16]}"
    if session.conf.get(shipped, None) == name:
        return name
    # Workers fetch it from here whenever they start, so it stays for as long as the session may.
    folder = Path(tempfile.mkdtemp(prefix="nli-lifecycle-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in bundle.path.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(bundle.path).as_posix())
    session.addArtifacts(str(folder / name), archive=True)
    session.conf.set(shipped, name)
    return name


def _schema(rows: DataFrame) -> StructType:
    """Types of the answers: columns handed on keep Spark's own."""
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    kept = [field for field in rows.schema.fields if field.name not in LANDED]
    said = from_arrow_schema(answer_schema(pa.schema([])))
    return StructType([*said.fields, *kept])


def _reason(error: Exception) -> str:
    """The worker's own last word, which Spark wraps in two stack traces."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if "Error: " in line and not line.startswith("at ")]
    return (said or lines or [type(error).__name__])[-1]
