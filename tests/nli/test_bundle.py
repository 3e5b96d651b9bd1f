"""A sealed folder is opened whole and unchanged, or refused by the name of what is wrong."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import yaml

from nli_lifecycle.nli.bundle import Bundle, BundleError, open_bundle, seal

FILES = {
    "artifacts/bundle/golden.json": '{"probes": []}',
    "artifacts/bundle/inference.py": "VALUE = 1\n",
    "artifacts/bundle/model.onnx": "weights",
    "model.py": "import mlflow\n",
    "requirements.txt": "numpy==2.4.6\n",
    "conda.yaml": "dependencies:\n- python=3.11.7\n- pip<=23.2.1\n- pip:\n  - numpy==2.4.6\n",
    "python_env.yaml": "python: 3.11.7\nbuild_dependencies:\n- pip==23.2.1\n- wheel\n",
}
PYFUNC = {
    "loader_module": "mlflow.pyfunc.loaders.code_model",
    "model_code_path": "model.py",
    "python_version": "3.11.7",
    "artifacts": {"bundle": {"path": "artifacts/bundle", "uri": "artifacts/bundle"}},
}


def _write(folder: Path, **mlmodel: object) -> Path:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    model = {"flavors": {"python_function": PYFUNC}, "signature": {"inputs": "[]"}, **mlmodel}
    (folder / "MLmodel").write_text(yaml.safe_dump(model))
    return folder


@pytest.fixture
def sealed(tmp_path: Path) -> Bundle:
    return seal(_write(tmp_path / "sealed"))


# ---- refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("position", [0, 3, -1])
def test_one_flipped_bit_is_refused_by_name(sealed: Bundle, name: str, position: int) -> None:
    path = sealed.path / name
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=name):
        open_bundle(sealed.path)


@pytest.mark.parametrize("name", [*FILES, "MLmodel", "manifest.json"])
def test_a_missing_file_is_refused_by_name(sealed: Bundle, name: str) -> None:
    (sealed.path / name).unlink()
    with pytest.raises(BundleError, match=name):
        open_bundle(sealed.path)


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "artifacts/bundle/model.onnx.data",
        "__pycache__/model.cpython-311.pyc",  # Python would run it in place of model.py
        "artifacts/registered_model_meta",  # tolerated at the root only
    ],
)
def test_a_file_that_was_not_sealed_is_refused_by_name(sealed: Bundle, name: str) -> None:
    path = sealed.path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    with pytest.raises(BundleError, match=f"holds {name}, which was not sealed"):
        open_bundle(sealed.path)


def test_a_link_is_refused_even_to_the_same_bytes(sealed: Bundle, tmp_path: Path) -> None:
    elsewhere = tmp_path / "model.onnx"
    path = sealed.path / "artifacts/bundle/model.onnx"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    with pytest.raises(BundleError, match="holds a link, artifacts/bundle/model.onnx"):
        open_bundle(sealed.path)


def test_a_linked_folder_is_refused(sealed: Bundle, tmp_path: Path) -> None:
    shutil.move(sealed.path / "artifacts", tmp_path / "artifacts")
    (sealed.path / "artifacts").symlink_to(tmp_path / "artifacts")
    with pytest.raises(BundleError, match="holds a link, artifacts"):
        open_bundle(sealed.path)


def test_a_link_in_place_of_the_tolerated_file_is_refused(sealed: Bundle) -> None:
    (sealed.path / "registered_model_meta").symlink_to("model.py")
    with pytest.raises(BundleError, match="holds a link, registered_model_meta"):
        open_bundle(sealed.path)


def test_what_is_no_regular_file_is_refused(sealed: Bundle) -> None:
    os.mkfifo(sealed.path / "pipe")
    with pytest.raises(BundleError, match="holds pipe, which is no regular file"):
        open_bundle(sealed.path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("loader_module", "evil"), ("model_code_path", "other.py"), ("code", "code"), ("data", "x")],
)
def test_mlmodel_may_not_run_other_code(sealed: Bundle, field: str, value: str) -> None:
    _write(sealed.path, flavors={"python_function": PYFUNC | {field: value}})
    with pytest.raises(BundleError, match="MLmodel is not what was sealed"):
        open_bundle(sealed.path)


def test_mlmodel_may_not_read_another_payload(sealed: Bundle) -> None:
    moved = {"bundle": {"path": "elsewhere", "uri": "artifacts/bundle"}}
    _write(sealed.path, flavors={"python_function": PYFUNC | {"artifacts": moved}})
    with pytest.raises(BundleError, match="MLmodel is not what was sealed"):
        open_bundle(sealed.path)


def test_mlmodel_may_not_gain_a_flavour_or_another_signature(sealed: Bundle) -> None:
    _write(sealed.path, flavors={"python_function": PYFUNC, "sklearn": {"pickled_model": "x"}})
    with pytest.raises(BundleError, match="MLmodel"):
        open_bundle(sealed.path)
    _write(sealed.path, signature={"inputs": "[1]"})
    with pytest.raises(BundleError, match="MLmodel"):
        open_bundle(sealed.path)


@pytest.mark.parametrize("text", ["", "flavors: [", "flavors: {python_function: 1}", "a: b"])
def test_an_mlmodel_that_is_none_is_refused(sealed: Bundle, text: str) -> None:
    (sealed.path / "MLmodel").write_text(text)
    with pytest.raises(BundleError, match="MLmodel was altered"):
        open_bundle(sealed.path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "\udcff"])
def test_a_manifest_that_is_none_is_refused(sealed: Bundle, text: str) -> None:
    (sealed.path / "manifest.json").write_text(text, errors="surrogateescape")
    with pytest.raises(BundleError, match="manifest.json was altered"):
        open_bundle(sealed.path)


def test_a_manifest_of_the_future_is_refused(sealed: Bundle) -> None:
    path = sealed.path / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(BundleError, match="has format 9; this version reads format 1"):
        open_bundle(sealed.path)


def test_a_manifest_may_not_claim_another_digest(sealed: Bundle) -> None:
    path = sealed.path / "manifest.json"
    path.write_text(path.read_text().replace(sealed.digest, "0" * 64))
    with pytest.raises(BundleError, match="its digest is not that of the files it lists"):
        open_bundle(sealed.path)


def test_a_manifest_is_refused_in_any_other_wording(sealed: Bundle) -> None:
    path = sealed.path / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text())))
    with pytest.raises(BundleError, match="manifest.json is not as it was sealed"):
        open_bundle(sealed.path)


def test_an_unsealed_or_absent_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no sealed bundle"):
        open_bundle(_write(tmp_path / "unsealed"))
    with pytest.raises(BundleError, match="no sealed bundle"):
        open_bundle(tmp_path / "absent")


def test_a_folder_is_sealed_once(sealed: Bundle) -> None:
    with pytest.raises(BundleError, match="is sealed already"):
        seal(sealed.path)


def test_a_folder_with_a_link_is_never_sealed(tmp_path: Path) -> None:
    folder = _write(tmp_path / "linked")
    (folder / "notes").symlink_to(folder / "model.py")
    with pytest.raises(BundleError, match="holds a link, notes"):
        seal(folder)


# ---- opened ------------------------------------------------------------------------------------


def test_a_copy_opens_with_the_same_digest(sealed: Bundle, tmp_path: Path) -> None:
    copy = open_bundle(Path(shutil.copytree(sealed.path, tmp_path / "copy")))
    assert copy.digest == sealed.digest
    assert (
        copy.manifest == sealed.manifest == json.loads((sealed.path / "manifest.json").read_text())
    )
    assert copy.payload == tmp_path / "copy" / "artifacts" / "bundle"


def test_what_mlflow_writes_beside_a_registered_model_is_tolerated(sealed: Bundle) -> None:
    (sealed.path / "registered_model_meta").write_text("model_name: x\n")
    assert open_bundle(sealed.path).digest == sealed.digest


def test_what_mlflow_rewrites_in_mlmodel_is_no_part_of_the_digest(sealed: Bundle) -> None:
    artifacts = {"bundle": {"path": "artifacts/bundle", "uri": "/another/machine"}}
    elsewhere = {
        "model_code_path": "/another/machine/model.py",
        "python_version": "3.12.1",
        "artifacts": artifacts,
    }
    _write(
        sealed.path,
        flavors={"python_function": PYFUNC | elsewhere},
        run_id="1234",
        model_id="m-1",
        utc_time_created="2030-01-01",
        mlflow_version="3.99",
    )
    assert open_bundle(sealed.path).digest == sealed.digest


def test_another_python_packages_the_same_bundle(
    sealed: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = {"conda.yaml": "python=3.12.1", "python_env.yaml": "python: 3.12.1"}
    for name, text in newer.items():
        older = text.replace("3.12.1", "3.11.7")
        monkeypatch.setitem(FILES, name, FILES[name].replace(older, text).replace("23.2.1", "25"))
    other = seal(_write(tmp_path / "newer"))
    assert other.digest == sealed.digest
    assert other.manifest["exact"] != sealed.manifest["exact"]


def test_other_requirements_make_another_bundle(
    sealed: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        FILES, "conda.yaml", FILES["conda.yaml"].replace("numpy==2.4.6", "numpy==2.4.7")
    )
    assert seal(_write(tmp_path / "other")).digest != sealed.digest
