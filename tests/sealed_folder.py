"""Small sealed folders that stand for real bundles: one that only lies there, one that answers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from nli_lifecycle.nli.bundle import PAYLOAD, Bundle, seal
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.origin import ORIGIN, write_origin

ANSWERING = '''
import mlflow.models
import mlflow.pyfunc
import pandas

LABELS = ["entailment", "neutral", "contradiction"]
EVERY = {every}  # one hypothesis in so many is answered wrongly; 0: none


class Echo(mlflow.pyfunc.PythonModel):
    """Answers with the label that the hypothesis starts with."""

    def predict(self, context, model_input: pandas.DataFrame, params=None):
        answers = []
        for row, hypothesis in enumerate(model_input["hypothesis"]):
            word = hypothesis.split()[0]
            label = word if word in LABELS else "entailment"
            if EVERY and row % EVERY == 0:
                label = LABELS[(LABELS.index(label) + 1) % 3]
            answers.append([label, *(0.8 if name == label else 0.1 for name in LABELS)])
        columns = ["label", *(f"p_{{name}}" for name in LABELS)]
        return pandas.DataFrame(answers, columns=columns, index=model_input.index)


mlflow.models.set_model(Echo())
'''

#: What stands for the payload's own code where its memory is measured.
CLASSIFIER = """
class Classifier:
    @classmethod
    def load(cls, payload, verify=True):
        model = payload / "model.onnx"
        if model.exists() and "wrong" in model.read_text():
            raise ValueError("Golden probe 3 is answered differently.")
        return cls()

    def predict_proba(self, premises, hypotheses):
        return [[1.0, 0.0, 0.0] for _ in premises]
"""


def sealed_folder(folder: Path, text: str = "weights") -> Bundle:
    """Seal a folder that has a bundle's shape; weights that say "wrong" fail their probes."""
    payload = folder / "artifacts" / "bundle"
    payload.mkdir(parents=True)
    (payload / "model.onnx").write_text(text)
    (payload / "inference.py").write_text(CLASSIFIER)
    flavor = {
        "loader_module": "mlflow.pyfunc.model",
        "model_code_path": "model.py",
        "artifacts": {},
    }
    signature = {"inputs": '[{"type": "string", "name": "premise"}]', "outputs": "[]"}
    model = {"flavors": {"python_function": flavor}, "signature": signature}
    (folder / "MLmodel").write_text(yaml.safe_dump(model))
    return seal(folder)


def answering_bundle(
    folder: Path,
    wrong_every: int = 0,
    trained_on: pd.DataFrame | None = None,
    signed: bool = False,
) -> Bundle:
    """Seal an MLflow model that answers, wrongly once in ``wrong_every`` rows.

    Args:
        folder: to be made.
        wrong_every: 0: always right.
        trained_on: pairs it shall remember as its training; None: pairs of its own.
        signed: whether it has a signature, which Unity Catalog asks for.
    """
    import mlflow.pyfunc
    from mlflow.models import infer_signature

    if trained_on is None:
        trained_on = pd.DataFrame(
            [("A cat sat.", f"{label} cats", label) for label in LABELS],
            columns=["premise", "hypothesis", "label"],
        )

    code = folder.parent / f"{folder.name}_model.py"
    code.write_text(ANSWERING.format(every=wrong_every))
    texts, answers = {"premise": "a", "hypothesis": "b"}, {f"p_{label}": 0.5 for label in LABELS}
    answer = {"label": "neutral", **answers}
    signature = infer_signature(pd.DataFrame([texts]), pd.DataFrame([answer])) if signed else None
    mlflow.pyfunc.save_model(
        str(folder), python_model=str(code), pip_requirements=["mlflow"], signature=signature
    )
    payload = folder / PAYLOAD
    payload.mkdir(parents=True)
    (payload / "inference.py").write_text(CLASSIFIER)
    (payload / "inference.json").write_text('{"temperature": 1.0}')
    write_origin(folder / ORIGIN, trained_on, trained_on.iloc[:0], {})
    return seal(folder)
