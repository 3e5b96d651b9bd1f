"""A packaged bundle survives MLflow, runs its own code, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from tiny_bundle import PAIRS, make_tiny_payload

from nli_lifecycle.nli.bundle import Bundle, BundleError, open_bundle
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.pyfunc.package import REQUIREMENTS, save_pyfunc

COLUMNS = ["label", "p_entailment", "p_neutral", "p_contradiction"]
INPUT = PAIRS[["premise", "hypothesis"]].head(4)


@pytest.fixture(scope="module")
def payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_payload(tmp_path_factory.mktemp("payload") / "payload")


@pytest.fixture(scope="module")
def packaged(payload: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return save_pyfunc(payload, tmp_path_factory.mktemp("bundle") / "bundle")


@pytest.fixture
def bundle(payload: Path, tmp_path: Path) -> Bundle:
    """One that a test may damage."""
    return save_pyfunc(payload, tmp_path / "bundle")


def _load(folder: Path) -> mlflow.pyfunc.PyFuncModel:
    return mlflow.pyfunc.load_model(str(folder))


# ---- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "artifacts/bundle/model.onnx",
        "artifacts/bundle/tokenizer.json",
        "artifacts/bundle/inference.json",
        "artifacts/bundle/golden.json",
        "artifacts/bundle/inference.py",
        "requirements.txt",
        "conda.yaml",
        "python_env.yaml",
        "input_example.json",
        "serving_input_example.json",
        "manifest.json",
    ],
)
def test_mlflow_does_not_load_a_bundle_with_a_flipped_bit(bundle: Bundle, name: str) -> None:
    path = bundle.path / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=name):
        _load(bundle.path)


@pytest.mark.parametrize("name", ["model.py", "artifacts/bundle/bundle.py"])
def test_altered_loading_code_is_refused_too(bundle: Bundle, name: str) -> None:
    with (bundle.path / name).open("a") as stream:
        stream.write("# appended\n")
    with pytest.raises(ValueError, match=name):
        _load(bundle.path)
    with pytest.raises(BundleError, match=name):
        open_bundle(bundle.path)


def test_an_existing_output_is_refused(payload: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="exists already"):
        save_pyfunc(payload, tmp_path)


def test_a_failed_packaging_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        save_pyfunc(tmp_path / "absent", tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_missing_column_is_named(packaged: Bundle) -> None:
    with pytest.raises(Exception, match="hypothesis"):
        _load(packaged.path).predict(INPUT[["premise"]])


def test_a_missing_text_is_refused_by_position(packaged: Bundle) -> None:
    holey = pd.DataFrame({"premise": ["a", "b"], "hypothesis": ["c", None]})
    with pytest.raises(Exception, match=r"hypotheses\[1\]"):
        _load(packaged.path).predict(holey)


# ---- the folder --------------------------------------------------------------------------------


def test_requirements_are_pinned_and_without_torch(packaged: Bundle) -> None:
    lines = (packaged.path / "requirements.txt").read_text().split()
    assert [line.split("==")[0] for line in lines] == list(REQUIREMENTS)
    assert f"pandas=={pd.__version__}" in lines
    assert not {"torch", "transformers", "nli-lifecycle"} & {*REQUIREMENTS}


def test_the_folder_names_nothing_of_this_machine(packaged: Bundle) -> None:
    text = (packaged.path / "MLmodel").read_text()
    assert str(Path(__file__).parents[2]) not in text
    assert str(packaged.path.parent) not in text
    pyfunc = yaml.safe_load(text)["flavors"]["python_function"]
    assert pyfunc["model_code_path"] == "model.py"
    assert pyfunc["artifacts"] == {
        "bundle": {"path": "artifacts/bundle", "uri": "artifacts/bundle"}
    }


def test_the_same_payload_packages_to_the_same_digest(
    payload: Path, packaged: Bundle, tmp_path: Path
) -> None:
    again = save_pyfunc(payload, tmp_path / "elsewhere" / "bundle")
    assert again.digest == packaged.digest


def test_another_payload_packages_to_another_digest(packaged: Bundle, tmp_path: Path) -> None:
    other = save_pyfunc(make_tiny_payload(tmp_path / "payload", seed=1), tmp_path / "bundle")
    assert other.digest != packaged.digest


def test_lock_files_of_the_working_directory_stay_out(
    payload: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\n')
    (tmp_path / "uv.lock").write_text("version = 1\n")
    monkeypatch.chdir(tmp_path)
    bundle = save_pyfunc(payload, tmp_path / "bundle")
    assert not {"uv.lock", "pyproject.toml"} & {path.name for path in bundle.path.iterdir()}


# ---- answers -----------------------------------------------------------------------------------


def test_it_answers_as_its_classifier_does_and_leaves_the_folder_sealed(
    packaged: Bundle, capfd: pytest.CaptureFixture[str]
) -> None:
    frame = INPUT.set_axis([10, 20, 30, 40])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = _load(packaged.path).predict(frame)
    assert capfd.readouterr().err == ""
    assert list(answer.columns) == COLUMNS
    assert list(answer.index) == [10, 20, 30, 40]
    expected = Classifier.load(packaged.payload).predict_proba(
        frame["premise"], frame["hypothesis"]
    )
    assert np.allclose(answer[COLUMNS[1:]].to_numpy(), expected)
    best = answer[COLUMNS[1:]].idxmax(axis=1).str.removeprefix("p_")
    assert (answer["label"] == best).all()
    assert open_bundle(packaged.path).digest == packaged.digest  # no bytecode left behind


def test_no_rows_give_no_rows(packaged: Bundle) -> None:
    answer = _load(packaged.path).predict(INPUT.head(0).astype(object))
    assert list(answer.columns) == COLUMNS and answer.empty


def test_its_own_input_example_is_valid(packaged: Bundle) -> None:
    model = _load(packaged.path)
    assert len(model.predict(model.input_example)) == 2


def test_two_bundles_in_one_process_each_run_their_own_code(
    payload: Path, packaged: Bundle, tmp_path: Path
) -> None:
    newer = make_tiny_payload(tmp_path / "payload")  # the same weights, another version of the code
    code = newer / "inference.py"
    reversed_answers = code.read_text().replace(
        "return np.asarray(exponentials /", "return np.asarray(exponentials[:, ::-1] /"
    )
    assert reversed_answers != code.read_text()
    code.write_text(reversed_answers)
    golden = newer / "golden.json"
    golden.write_text(golden.read_text().replace('"tolerance": 0.02', '"tolerance": 1'))
    later = save_pyfunc(newer, tmp_path / "later")

    first, second = _load(packaged.path), _load(later.path)
    before = first.predict(INPUT)[COLUMNS[1:]].to_numpy()
    after = second.predict(INPUT)[COLUMNS[1:]].to_numpy()
    assert np.allclose(after, before[:, ::-1])
    assert np.allclose(first.predict(INPUT)[COLUMNS[1:]].to_numpy(), before)


# ---- through MLflow ----------------------------------------------------------------------------


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    """A fresh SQLite store; the process's own tracking URI is put back."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_registry_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    yield MlflowClient()
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def test_logged_registered_and_downloaded_it_is_the_same_bundle(
    packaged: Bundle, client: MlflowClient, tmp_path: Path
) -> None:
    experiment = client.create_experiment("dev", artifact_location=(tmp_path / "store").as_uri())
    model = client.create_logged_model(experiment, name="bundle")
    client.log_model_artifacts(model.model_id, str(packaged.path))
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("dev.nli.classifier")
    version = client.create_model_version(
        "dev.nli.classifier", model.artifact_location, model_id=model.model_id
    )
    uri = f"models:/dev.nli.classifier/{version.version}"

    answer = mlflow.pyfunc.load_model(uri).predict(INPUT)  # this also writes registered_model_meta
    assert list(answer.columns) == COLUMNS
    (tmp_path / "download").mkdir()
    downloaded = mlflow.artifacts.download_artifacts(uri, dst_path=str(tmp_path / "download"))
    assert open_bundle(Path(downloaded)).digest == packaged.digest
    again = mlflow.artifacts.download_artifacts(
        f"models:/{model.model_id}", dst_path=str(tmp_path / "download" / "again")
    )
    assert open_bundle(Path(again)).digest == packaged.digest


def test_logged_as_artifacts_of_a_run_it_is_the_same_bundle(
    packaged: Bundle, client: MlflowClient, tmp_path: Path
) -> None:
    experiment = client.create_experiment("dev", artifact_location=(tmp_path / "store").as_uri())
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.log_artifacts(str(packaged.path), "bundle")
    downloaded = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="bundle", dst_path=str(tmp_path)
    )
    assert open_bundle(Path(downloaded)).digest == packaged.digest
    assert len(_load(Path(downloaded)).predict(INPUT)) == 4


@pytest.mark.slow
def test_it_runs_in_an_environment_of_only_its_requirements(
    packaged: Bundle, tmp_path: Path
) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    requirements = packaged.path / "requirements.txt"
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "-r", requirements], capture_output=True, text=True
    )
    if installed.returncode != 0 and "No matching distribution" in installed.stderr:
        pytest.skip("needs a package index to install the bundle's requirements")
    assert installed.returncode == 0, installed.stderr
    script = f"""
import importlib.util, mlflow.pyfunc, pandas
assert not any(map(importlib.util.find_spec, ("torch", "transformers", "nli_lifecycle", "onnx")))
model = mlflow.pyfunc.load_model({str(packaged.path)!r})
print(model.predict(pandas.DataFrame({INPUT.to_dict("list")!r})).to_json(orient="values"))
"""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ran = subprocess.run([python, "-c", script], capture_output=True, text=True, env=clean)
    assert ran.returncode == 0, ran.stderr
    there = json.loads(ran.stdout.strip().splitlines()[-1])
    here = _load(packaged.path).predict(INPUT)
    assert [row[0] for row in there] == here["label"].tolist()
    numbers = np.array([row[1:] for row in there])
    assert np.abs(numbers - here[COLUMNS[1:]].to_numpy()).max() < 1e-6
