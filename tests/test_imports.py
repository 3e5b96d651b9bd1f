"""Commands start in seconds: what only some nodes need is imported by those nodes alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from project import PROJECT

#: Libraries that take long to import, or that not everyone has. Not among them: pandas, PyArrow,
#: SQLAlchemy and pyspark's top, which MLflow imports itself.
HEAVY = {
    "datasets",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "optuna",
    "pyspark.sql.connect",
    "scipy.stats",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
}

#: What every `kedro run` does before its first node, with the entries of the catalog as
#: kedro-mlflow makes them: all of them.
BEFORE_ANY_NODE = """
import sys
from pathlib import Path
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
import nli_lifecycle.cli
bootstrap_project(Path.cwd())
assert "train_and_release" in pipelines and "monitoring" in pipelines
with KedroSession.create(env="dev") as session:
    catalog = session.load_context().catalog
    assert {"launcher", "engine", "registry"} <= {name for name, _ in catalog.items()}
print(*sys.modules, sep="\\n")
"""


def test_nothing_heavy_is_imported_before_a_node_needs_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_ANY_NODE],
        cwd=PROJECT,
        env=os.environ | {"NLI_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    imported = set(done.stdout.split())
    assert "nli_lifecycle.pipelines.training.nodes" in imported
    assert sorted(HEAVY & imported) == []
