"""The MLflow model of a bundle ('models from code'): verify the folder, then run its own code.

MLflow copies this file into every model folder and runs it from there, so it imports nothing of
this project. The classifier is read from the bundle under a module name of its own: two versions
in one process each run the code they were evaluated with.
"""

import sys
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow.models
import mlflow.pyfunc
import pandas

COLUMNS = ("premise", "hypothesis")


class NliModel(mlflow.pyfunc.PythonModel):
    """Pairs in, label and three probabilities out."""

    def load_context(self, context: Any) -> None:
        """Verify the model folder byte by byte and load its classifier.

        Args:
            context: MLflow's context; its artifact 'bundle' is the payload folder.

        Raises:
            ValueError: naming the file or golden probe that is not as it was sealed.
        """
        payload = Path(context.artifacts["bundle"])
        _module(payload / "bundle.py").open_bundle(payload.parent.parent)
        self.classifier = _module(payload / "inference.py").Classifier.load(payload)

    def predict(
        self, context: Any, model_input: pandas.DataFrame, params: dict[str, Any] | None = None
    ) -> pandas.DataFrame:
        """Classify pairs.

        Args:
            context: not used.
            model_input: columns premise and hypothesis.
            params: not used.

        Returns:
            Columns label, p_entailment, p_neutral, p_contradiction; the input's index.
        """
        missing = [column for column in COLUMNS if column not in model_input]
        if missing:
            raise ValueError(f"The input lacks {missing}; it has {list(model_input.columns)}.")
        probabilities = self.classifier.predict_proba(
            model_input["premise"].tolist(), model_input["hypothesis"].tolist()
        )
        labels = self.classifier.labels
        answer = pandas.DataFrame(
            probabilities, index=model_input.index, columns=[f"p_{label}" for label in labels]
        )
        best = [labels[column] for column in probabilities.argmax(axis=1)]
        answer.insert(0, "label", pandas.Series(best, index=answer.index, dtype=object))
        return answer


def _module(path: Path) -> ModuleType:
    """Run a file as a module that nothing else can be mistaken for; no bytecode is left behind."""
    module = ModuleType(f"nli_{path.stem}_{uuid.uuid4().hex}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module


def _remove_own_bytecode() -> None:
    """MLflow imported this file and so left bytecode in the sealed folder, where nothing may be."""
    cached = Path(__spec__.cached) if __spec__ and __spec__.cached else None
    if cached is not None:
        try:
            cached.unlink(missing_ok=True)
            cached.parent.rmdir()
        except OSError:  # another process is importing it too, and will do the same
            pass


if __name__.startswith("code_model_"):  # the name under which MLflow imports it
    _remove_own_bytecode()
mlflow.models.set_model(NliModel())
