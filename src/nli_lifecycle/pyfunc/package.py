"""From a payload to a sealed MLflow model folder: what is logged, copied, served and verified."""

from __future__ import annotations

import logging
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import pandas
import yaml

from nli_lifecycle.nli.bundle import PAYLOAD, Bundle, BundleError, open_bundle, seal
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.origin import ORIGIN
from nli_lifecycle.nli.quiet import quiet

#: What classifying needs, pinned to what the model was evaluated with. No torch, no transformers.
REQUIREMENTS = ("mlflow-skinny", "numpy", "onnxruntime", "pandas", "tokenizers")
EXAMPLE = {
    "premise": ["A dog is running in the snow.", "A dog is running in the snow."],
    "hypothesis": ["An animal is outside.", "The dog is asleep."],
}


def save_pyfunc(payload: Path, output: Path, origin: Path | None = None) -> Bundle:
    """Wrap a payload as an MLflow pyfunc and seal the folder.

    Args:
        payload: folder that ``nli.export.payload.export`` wrote.
        output: folder to make; appears complete or not at all.
        origin: folder that ``nli.origin.write_origin`` wrote, to be sealed in; None: the bundle
            says nothing about its training.

    Returns:
        The sealed bundle at ``output``.

    Raises:
        BundleError: when ``output`` exists, or the payload holds what a bundle must not hold.
    """
    from mlflow.models import ModelSignature
    from mlflow.pyfunc import save_model
    from mlflow.types import ColSpec, Schema

    output = Path(output)
    if output.exists():
        raise BundleError(f"{output} exists already; package into a new folder.")
    output.parent.mkdir(parents=True, exist_ok=True)
    answers = [ColSpec("string", "label"), *(ColSpec("double", f"p_{label}") for label in LABELS)]
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".packaging-") as workplace:
        folder = Path(workplace, "model")
        with quiet(logging.INFO):
            save_model(
                path=str(folder),
                python_model=str(Path(__file__).with_name("model.py")),
                signature=ModelSignature(
                    inputs=Schema([ColSpec("string", "premise"), ColSpec("string", "hypothesis")]),
                    outputs=Schema(answers),
                ),
                input_example=pandas.DataFrame(EXAMPLE),
                pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            )
        for name in ("uv.lock", "pyproject.toml"):  # MLflow takes them from the working directory
            (folder / name).unlink(missing_ok=True)
        shutil.copytree(payload, folder / PAYLOAD)
        if origin is not None:
            shutil.copytree(origin, folder / ORIGIN)
        _complete_mlmodel(folder)
        seal(folder)
        folder.rename(output)
    return open_bundle(output)


def _complete_mlmodel(folder: Path) -> None:
    """Name the payload in MLmodel, and take out where on this machine it was made."""
    path = folder / "MLmodel"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    pyfunc = model["flavors"]["python_function"]
    pyfunc["artifacts"] = {"bundle": {"path": PAYLOAD, "uri": PAYLOAD}}
    pyfunc["model_code_path"] = Path(pyfunc["model_code_path"]).name  # all that MLflow uses of it
    model["model_size_bytes"] = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    path.write_text(yaml.safe_dump(model, sort_keys=False), encoding="utf-8")
