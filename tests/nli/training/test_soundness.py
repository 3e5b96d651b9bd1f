"""A folder that would run code, cannot classify pairs or is damaged is refused unread."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tiny_encoder import make_tiny_encoder
from transformers import (
    AutoModel,
    BartConfig,
    BertConfig,
    CLIPVisionConfig,
    GPT2Config,
    Qwen3Config,
    T5Config,
)

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoders import EncoderError, locate_encoder
from nli_lifecycle.nli.training.encoding import load_tokenizer
from nli_lifecycle.parameters import TrainingParameters


def _locate(folder: Path) -> Path:
    return locate_encoder(TrainingParameters(encoder=str(folder)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_encoder(tmp_path_factory.mktemp("soundness") / "encoder")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "encoder"))


@pytest.fixture
def sharded(folder: Path) -> Path:
    model = AutoModel.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="60KB")
    return folder


def _add(path: Path, **settings: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


# ---- code


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_code_of_its_own_is_refused_naming_the_file(name: str, folder: Path) -> None:
    _add(folder / name, auto_map={"AutoModel": "code.Model", "AutoTokenizer": ["code.T", None]})
    with pytest.raises(EncoderError) as error:
        _locate(folder)
    assert str(error.value).startswith(f"{folder / name} asks for code of its own (auto_map)")
    assert "no code of an encoder is ever run" in str(error.value)


def test_an_empty_auto_map_asks_for_nothing(folder: Path) -> None:
    _add(folder / "config.json", auto_map={})
    assert _locate(folder) == folder


# ---- the wrong kind


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (GPT2Config(), "describes 'gpt2', a decoder, which generates text"),
        (Qwen3Config(), "describes 'qwen3', a decoder, which generates text"),
        (BertConfig(is_decoder=True), "describes 'bert', a decoder"),
        (BartConfig(), "describes 'bart', an encoder with a decoder"),
        (T5Config(), "describes 't5', an encoder with a decoder"),
        (CLIPVisionConfig(), "has no head that classifies pairs"),
    ],
)
def test_other_kinds_of_model_are_refused(config: object, message: str, folder: Path) -> None:
    config.save_pretrained(folder)  # type: ignore[attr-defined]
    with pytest.raises(EncoderError, match=message) as error:
        _locate(folder)
    assert "Choose an encoder" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json is not JSON"),
        ("[]", "config.json holds no JSON object"),
        ("{}", "config.json' describes no known model"),
        ('{"model_type": "of-our-own"}', "describes no known model"),
        ('{"model_type": "bert", "hidden_size": "wide"}', "describes no known model"),
    ],
)
def test_unreadable_configuration_is_refused(text: str, message: str, folder: Path) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(EncoderError, match=message.replace("'", ".?")):
        _locate(folder)


def test_absent_configuration_is_named(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match=f"{folder} has no config.json"):
        _locate(folder)


# ---- damage


@pytest.mark.parametrize("kept", [0, 5, 2000, -1])
def test_weights_cut_off_are_refused(kept: int, folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(EncoderError, match=f"{weights} is damaged or cut off"):
        _locate(folder)


def test_pointer_of_git_lfs_is_recognised(folder: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:53aa\nsize 90868376\n"
    (folder / "model.safetensors").write_text(pointer)
    with pytest.raises(EncoderError, match="only a pointer of Git LFS .* `git lfs pull`"):
        _locate(folder)


def test_adapter_without_its_encoder_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    with pytest.raises(EncoderError, match="holds adapter_model.safetensors, but neither model.s"):
        _locate(folder)


def test_link_to_nothing_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "gone")
    with pytest.raises(EncoderError, match="neither model.safetensors nor"):
        _locate(folder)


def test_missing_shard_is_named(sharded: Path) -> None:
    shards = sorted(sharded.glob("model-*.safetensors"))
    assert len(shards) > 1
    shards[1].unlink()
    with pytest.raises(EncoderError, match=f"index.json names {shards[1].name}: not there"):
        _locate(sharded)


def test_damaged_shard_is_named(sharded: Path) -> None:
    last = sorted(sharded.glob("model-*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[:-8])
    with pytest.raises(EncoderError, match=f"{last} is damaged"):
        _locate(sharded)


@pytest.mark.parametrize(
    ("shards", "message"),
    [
        ({"a": "../encoder/model.safetensors"}, "outside the folder"),
        ({}, "names no file at all"),
    ],
)
def test_index_of_anything_else_is_refused(
    shards: dict[str, str], message: str, sharded: Path
) -> None:
    _add(sharded / "model.safetensors.index.json", weight_map=shards)
    with pytest.raises(EncoderError, match=message):
        _locate(sharded)


def test_weights_of_another_encoder_are_refused_when_read(folder: Path) -> None:
    save_file({"other": torch.ones(2)}, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="do not belong together"):
        load_classifier(_locate(folder))


# ---- tokenizers


def test_slow_tokenizer_only_is_refused(folder: Path) -> None:
    _add(folder / "tokenizer_config.json", tokenizer_class="PhobertTokenizer")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("a 1\nb 2\n")
    (folder / "bpe.codes").write_text("a b 1\n")
    with pytest.raises(ValueError, match="unfit: a fast one"):
        load_tokenizer(_locate(folder))


def test_more_tokens_than_embeddings_are_refused_with_both_numbers(folder: Path) -> None:
    rows = json.loads((folder / "config.json").read_text())["vocab_size"]
    tokenizer = load_tokenizer(folder)
    tokenizer.add_tokens(["quokka", "numbat"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(ValueError, match=f"ids up to {rows + 1}, .* embeddings for {rows} tokens"):
        load_tokenizer(folder)


# ---- sound


def test_shards_make_one_encoder(whole: Path, sharded: Path) -> None:
    expected = load_classifier(whole).base_model.state_dict()
    found = load_classifier(_locate(sharded)).base_model.state_dict()
    assert found.keys() == expected.keys()
    for name, weight in found.items():
        if not name.startswith("pooler"):
            assert torch.equal(weight, expected[name]), name


def test_links_are_followed_as_in_the_hub_cache(whole: Path, tmp_path: Path) -> None:
    volume = tmp_path / "Volumes" / "main" / "models" / "encoder"
    volume.mkdir(parents=True)
    for file in whole.iterdir():
        (volume / file.name).symlink_to(file)
    (tmp_path / "link").symlink_to(volume)
    for folder in (volume, tmp_path / "link"):
        assert _locate(folder) == folder
        assert load_classifier(folder).config.hidden_size == 32
