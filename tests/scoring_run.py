"""batch_scoring run node by node over a folder, as the catalog would: any engine, any crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from life import crown

from nli_lifecycle.datasets.engine import EngineDataset
from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.engines.table import Engine
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.nli.bundle import Bundle, open_bundle
from nli_lifecycle.pipelines.batch_scoring import create_pipeline
from nli_lifecycle.pyfunc.package import save_pyfunc
from nli_lifecycle.scoring.documents import ScoringReport
from nli_lifecycle.scoring.parameters import BatchScoringParameters


def tiny_bundle(folder: Path, seed: int = 0) -> Bundle:
    """A real bundle with random weights; another seed answers otherwise."""
    from tiny_bundle import make_tiny_payload  # PyTorch, which processes that score do without

    return save_pyfunc(make_tiny_payload(folder / f"payload-{seed}", seed=seed), folder / "bundle")


def registry_with(bundle: Bundle, folder: Path) -> InMemoryRegistry:
    """A registry whose champion is this bundle."""
    registry = InMemoryRegistry("prod.nli.classifier", environment="prod", folder=folder)
    settle(registry)
    promoted(registry, bundle)
    return registry


def promoted(registry: Registry, bundle: Bundle) -> ModelRef:
    """Make a bundle the champion."""
    return crown(registry, registry.register(open_bundle(bundle.path), {}))


class ScoringRun:
    """Runs over one home; what is in the stores stays there between runs."""

    def __init__(self, home: Path, registry: Registry, engine: Engine | None = None) -> None:
        self.home = home
        self.registry = registry
        self.engine = engine or LocalEngine()
        self.scores = KeyedStore(home / "scores")
        self.made: dict[str, Any] = {}

    def __call__(self, path: Path | str, **parameters: Any) -> ScoringReport:
        """Run the pipeline; returns its report."""
        self.start(path, **parameters)
        return self.go_on()

    def start(self, path: Path | str, **parameters: Any) -> None:
        """Run it up to the choice of the version."""
        self.made = {
            "registry": self.registry,
            "raw": RawFolder("prod", self.home / "raw", self.home),
            "engine": self.engine,
            "pairs_to_score": KeyedStore(self.home / "to_score"),
            "batch_scores": self.scores,
            "params:batch_scoring": BatchScoringParameters.model_validate(
                {"source_path": str(path), **parameters}
            ),
        }
        self._node("choose_model")

    def go_on(self) -> ScoringReport:
        """Run the rest."""
        for name in ("land_pairs", "score_pairs", "list_scoring_metrics"):
            self._node(name)
        report: ScoringReport = self.made["scoring_report"]
        return report

    def _node(self, name: str) -> None:
        (node,) = (node for node in create_pipeline().nodes if node.name == name)
        self.made |= node.run({needed: self.made[needed] for needed in node.inputs})


def scores(report: ScoringReport) -> pd.DataFrame:
    """All answers, in the order of their places and ids."""
    return _read(report, "scores", ["place", "pair_id"])


def quarantine(report: ScoringReport) -> pd.DataFrame:
    """All rows set aside, in the order of their places."""
    return _read(report, "quarantine", ["place"])


def _read(report: ScoringReport, name: str, order: list[str]) -> pd.DataFrame:
    files = sorted((Path(report.output) / name).glob("portion=*/*.parquet"))
    rows = pa.concat_tables([pq.ParquetFile(file).read() for file in files]).to_pandas()
    return rows.sort_values(order, kind="stable").reset_index(drop=True)


def write_pairs(path: Path, rows: int, **columns: Any) -> Path:
    """Write Parquet with so many pairs of different lengths, and further columns."""
    words = "the dog runs outside a woman reads in park and child sleeps every bird sings".split()
    premises = [" ".join(words[n % 7 : n % 7 + 1 + n % 9]) for n in range(rows)]
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(rows)], "premise": premises})
    frame["hypothesis"] = [f"some {words[n % len(words)]}" for n in range(rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.assign(**columns).to_parquet(path, index=False)
    return path


def main(home: Path, bundle: Path, path: str, engine: str, parameters: str) -> None:
    """Score in a process of its own, which others may kill; prints the report."""
    options = {"spark.ui.enabled": "false", "spark.driver.memory": "1g"}
    master = os.environ.get("SPARK_MASTER", "local[2]")
    chosen = EngineDataset(engine=engine, master=master, options=options).load()
    registry = registry_with(open_bundle(bundle), home / f"registry-{os.getpid()}")
    report = ScoringRun(home, registry, chosen)(path, **json.loads(parameters))
    print("REPORT " + report.model_dump_json(), flush=True)


def start(
    home: Path, bundle: Bundle, path: Path, engine: str = "pandas", **parameters: Any
) -> subprocess.Popen[str]:
    """Start ``main``; the environment says where Spark is."""
    arguments = [str(home), str(bundle.path), str(path), engine, json.dumps(parameters)]
    return subprocess.Popen(
        [sys.executable, str(Path(__file__)), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: subprocess.Popen[str]) -> ScoringReport:
    """Wait for it; returns its report."""
    output, errors = process.communicate(timeout=240)
    said = [line for line in output.splitlines() if line.startswith("REPORT ")]
    assert process.returncode == 0 and said, output[-2000:] + errors[-3000:]
    return ScoringReport.model_validate_json(said[0].removeprefix("REPORT "))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6])
