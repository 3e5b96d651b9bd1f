"""A home of its own for dev with a tiny encoder, and what `kedro run` would do in it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from kedro.framework.startup import bootstrap_project
from mlflow import MlflowClient
from project import PROJECT
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.session import NliSession

#: The hypothesis' verb gives the label away: a few kilobytes of model can learn it.
VERBS = {"runs": "entailment", "sleeps": "neutral", "sings": "contradiction"}


def write_pairs(file: Path, rows: int, seed: int) -> Path:
    draw = random.Random(seed)
    things = ["man", "woman", "child", "dog", "cat", "bird", "horse"]
    lines = ["premise\thypothesis\tlabel"]
    for row in range(rows):
        verb = draw.choice(list(VERBS))
        lines.append(f"a {draw.choice(things)} is {row}\tthe {row} {verb}\t{VERBS[verb]}")
    file.write_text("\n".join(lines) + "\n")
    return file


class Dev:
    """A home of its own for dev, and what `kedro run` would do in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.encoder = make_tiny_encoder(home / "encoder")
        self.store = f"sqlite:///{home}/mlruns/mlflow.db"

    def run(self, source: Path, only: list[str] | None = None, **training: Any) -> dict[str, Any]:
        bootstrap_project(PROJECT)
        chosen = {
            "source": "tsv",
            "source_path": str(source),
            "training": {
                "encoder": str(self.encoder),
                "encoder_sha256": None,
                "learning_rate": 3e-3,
                "batch_size": 16,
                **training,
            },
        }
        with NliSession.create(PROJECT, env="dev", runtime_params=chosen) as session:
            session.run(pipeline_names=only)
        reporting = self.home / "data" / "dev" / "08_reporting"
        summary: dict[str, Any] = json.loads((reporting / "summary.json").read_text())
        return summary

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.store, self.store)
