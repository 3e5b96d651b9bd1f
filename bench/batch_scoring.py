"""Pairs per CPU second of batch_scoring, and what Spark makes of it, against the usual ways.

    python bench/batch_scoring.py --quick              # trains briefly first; ≤ 3 quiet minutes
    python bench/batch_scoring.py --checkpoint FOLDER  # a fine-tuned checkpoint of yours
    python bench/batch_scoring.py --sick SICK.txt.gz   # on SICK as published (or NLI_REAL_DATA)

All score the same pairs with the same fine-tuned checkpoint. In one process, on one thread: the
pipeline's own code, from a Parquet file to the account of all rows, against transformers'
`pipeline("text-classification")` with batches of 32 and sentence-transformers' `CrossEncoder`, both
from a Parquet file to labels in memory. On Spark local[2], warm: the pipeline's own code against
`mlflow.pyfunc.spark_udf` of the transformers flavour, as MLflow saves it, and of the very bundle,
from the same Parquet file to Parquet, in as many tasks. CPU seconds are those of all processes, JVM
included; everything is measured in turns, and the medians of the rounds' ratios are reported.
`spark_wall_ratio` is wall time of one process with one thread over Spark's. Agreement and accuracy
compare the bundle's labels with PyTorch float32's; `precision` says whether the export took int8,
which it refuses where too many labels change, as they may after brief training.
"""

from __future__ import annotations

import os

# Before any library reads them: one thread each, and no network.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import uuid  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import pandas as pd  # noqa: E402
import psutil  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from inference import BATCH, MAX_LENGTH, Engine  # noqa: E402
from inference import quick_checkpoint, with_cross_encoder, with_pipeline  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from training import default_sick, processor, read_pairs, representative  # noqa: E402

from nli_lifecycle.datasets.store import KeyedStore  # noqa: E402
from nli_lifecycle.engines.local import LocalEngine  # noqa: E402
from nli_lifecycle.engines.session import open_session  # noqa: E402
from nli_lifecycle.engines.spark import SparkEngine  # noqa: E402
from nli_lifecycle.engines.table import Engine as TableEngine  # noqa: E402
from nli_lifecycle.nli.bundle import Bundle  # noqa: E402
from nli_lifecycle.nli.export.payload import export  # noqa: E402
from nli_lifecycle.parameters import ExportParameters  # noqa: E402
from nli_lifecycle.pipelines.batch_scoring.nodes import score_pairs  # noqa: E402
from nli_lifecycle.pyfunc.package import save_pyfunc  # noqa: E402
from nli_lifecycle.scoring.files import plan_files  # noqa: E402
from nli_lifecycle.scoring.landing import land_files  # noqa: E402
from nli_lifecycle.scoring.parameters import BatchScoringParameters  # noqa: E402
from nli_lifecycle.scoring.spark import TASKS  # noqa: E402
from nli_lifecycle.serving.head import Release  # noqa: E402

SPARK = {
    "spark.driver.memory": "2g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
#: Scores a Parquet file of pairs.
Work = Callable[[Path], object]


def with_batch_scoring(engine: TableEngine, bundle: Bundle, home: Path) -> Callable[[Path], Path]:
    """What `kedro run --pipelines batch_scoring` does once it has fetched the model."""
    release = Release("bench", "1", bundle.digest, 1)
    workers = 1 if isinstance(engine, LocalEngine) else None

    def score(path: Path) -> Path:
        parameters = BatchScoringParameters(source_path=str(path), workers=workers)
        folder = Path(tempfile.mkdtemp(dir=home))
        landed, scores = KeyedStore(folder / "landed"), KeyedStore(folder / "scores")
        ingest = land_files(plan_files(parameters, (home,)), landed, parameters)
        report = score_pairs(engine, landed, scores, ingest, release, bundle, parameters)
        return Path(report.output) / "scores"

    return score


def with_spark_udf(session: Any, model: str, columns: tuple[str, str], home: Path) -> Work:
    """What MLflow's documentation shows for batch inference on Spark."""
    import mlflow.pyfunc
    from pyspark.sql.functions import col, struct

    kind = "struct<label string, p_entailment double, p_neutral double, p_contradiction double>"
    if "text" in columns:  # the flavour gives the winner only
        kind = "struct<label string, score double>"
    udf = mlflow.pyfunc.spark_udf(session, model, result_type=kind, env_manager="local")
    texts = zip(("premise", "hypothesis"), columns)
    pair = struct(*(col(text).alias(column) for text, column in texts))

    def score(path: Path) -> None:
        rows = session.read.parquet(f"file://{path}").repartition(TASKS)
        scored = rows.select("pair_id", udf(pair).alias("answer")).select("pair_id", "answer.*")
        scored.write.mode("overwrite").parquet(f"file://{home}/udf")

    return score


def save_transformers(checkpoint: Path, folder: Path) -> str:
    """The same checkpoint as MLflow's transformers flavour."""
    import mlflow.transformers

    pipe = transformers.pipeline("text-classification", str(checkpoint), device="cpu")
    mlflow.transformers.save_model(
        pipe,
        str(folder),
        pip_requirements=["transformers", "torch"],
    )
    return str(folder)


def cpu_seconds() -> float:
    """CPU seconds so far of this process and all below it, ended ones too."""
    own = psutil.Process()
    total = 0.0
    for process in [own, *own.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def take_turns(
    works: dict[str, Work], path: Path, warm: Path, rounds: int
) -> dict[str, list[tuple[float, float]]]:
    """Let the works take turns on a file: CPU and wall seconds, per round; another warms them."""
    for work in works.values():
        work(warm)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            cpu, wall = cpu_seconds(), time.perf_counter()
            work(path)
            seconds[name].append((cpu_seconds() - cpu, time.perf_counter() - wall))
    return seconds


def ratio(seconds: dict[str, list[tuple[float, float]]], name: str, to: str, of: int = 0) -> float:
    """Median over the rounds of one's seconds over another's; of CPU, or (1) of wall time."""
    rounds = zip(seconds[name], seconds[to])
    return round(statistics.median(theirs[of] / ours[of] for theirs, ours in rounds), 2)


def read_by(engine: Engine) -> Work:
    def score(path: Path) -> None:
        pairs = pd.read_parquet(path)
        engine(pairs["premise"].tolist(), pairs["hypothesis"].tolist())

    return score


def write(pairs: pd.DataFrame, home: Path) -> Path:
    """Write pairs to score, without their labels, numbered in order."""
    path = home / f"{uuid.uuid4().hex}.parquet"
    rows = pairs[["premise", "hypothesis"]].assign(pair_id=[f"{n}" for n in range(len(pairs))])
    rows.to_parquet(path, index=False)
    return path


def quality(scores: Path, pairs: pd.DataFrame, engine: Engine) -> dict[str, float]:
    """Compare the answers' labels with PyTorch float32's, and both with the truth."""
    found = pd.read_parquet(scores)
    ours = found.sort_values("pair_id", key=lambda ids: ids.astype(int))["label"].to_numpy()
    theirs = engine(pairs["premise"].tolist(), pairs["hypothesis"].tolist())
    truth = pairs["label"].to_numpy()
    accuracy, accuracy_float = (ours == truth).mean(), (pd.Series(theirs) == truth).mean()
    return {
        "agreement": round(float((ours == pd.Series(theirs)).mean()), 4),
        "accuracy_drop_points": round(100 * float(accuracy_float - accuracy), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, help="fine-tuned model; default: train one")
    parser.add_argument("--sick", type=Path, default=default_sick(), help="SICK.txt, or its .gz")
    parser.add_argument("--quick", action="store_true", help="≤ 3 minutes: few rounds, few rows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    quick, (corpus, splits) = options.quick, read_pairs(options.sick)
    test = splits["test"]
    with tempfile.TemporaryDirectory(prefix="bench-scoring-") as folder:
        home = Path(folder)
        checkpoint = options.checkpoint or quick_checkpoint(
            splits, home / "checkpoint", quick=quick
        )
        report = export(
            *(checkpoint, home / "payload", ExportParameters(), splits["validation"]),
            max_length=MAX_LENGTH,
        )
        bundle = save_pyfunc(home / "payload", home / "bundle")
        files = {
            "warm": write(representative(test, 64), home),
            "few": write(representative(test, 192 if quick else 960), home),
            "some": write(representative(test, 384 if quick else 3_840), home),
            "many": write(representative(test, 1_200) if quick else pd.concat([test] * 3), home),
        }
        engines = {
            "pipeline32": with_pipeline(checkpoint, BATCH),
            "crossencoder": with_cross_encoder(checkpoint),
        }
        here = with_batch_scoring(LocalEngine(), bundle, home)
        works = {"here": here} | {name: read_by(engine) for name, engine in engines.items()}
        one = take_turns(works, files["few"], files["warm"], 3 if quick else 7)
        judged = representative(test, 400) if quick else test
        figures = {
            "ratio_vs_pipeline32": ratio(one, "pipeline32", "here"),
            "ratio_vs_crossencoder": ratio(one, "crossencoder", "here"),
            **quality(here(write(judged, home)), judged, engines["pipeline32"]),
        }
        session = open_session("local[2]", SPARK)
        spark = with_batch_scoring(SparkEngine(session), bundle, home)
        flavour = save_transformers(checkpoint, home / "transformers")
        works = {
            "spark": spark,
            "udf_pyfunc": with_spark_udf(
                session, str(bundle.path), ("premise", "hypothesis"), home
            ),
            "udf_transformers": with_spark_udf(session, flavour, ("text", "text_pair"), home),
        }
        three = take_turns(works, files["some"], files["warm"], 2 if quick else 3)
        works = {"spark": spark, "one thread": here}
        two = take_turns(works, files["many"], files["warm"], 2 if quick else 5)
        session.stop()
        rows = [len(pd.read_parquet(files[name])) for name in ("few", "some", "many")]
    figures["precision"] = report.precision
    figures["spark_wall_ratio"] = ratio(two, "one thread", "spark", of=1)
    for name in ("transformers", "pyfunc"):
        figures[f"ratio_vs_spark_udf_{name}"] = ratio(three, f"udf_{name}", "spark")
    tell(corpus, list(zip((one, three, two), rows)), figures)


def tell(
    corpus: str,
    measured: list[tuple[dict[str, list[tuple[float, float]]], int]],
    figures: dict[str, Any],
) -> None:
    """Print the table, then everything as one line of JSON."""
    table = Table(title=f"{corpus}, medians")
    for heading in ("way", "pairs", "pairs per CPU s", "pairs per s"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for seconds, pairs in measured:
        for name, taken in seconds.items():
            cpu, wall = (statistics.median(values) for values in zip(*taken))
            table.add_row(name, f"{pairs:,}", f"{pairs / cpu:.0f}", f"{pairs / wall:.0f}")
        table.add_section()
    Console().print(table)
    machine = f"{processor()}, {os.cpu_count()} cores"
    print(json.dumps(figures | {"corpus": corpus, "machine": machine}))


if __name__ == "__main__":
    main()
