"""What an encoder's folder must be before anything is loaded from it: of a kind that classifies
pairs, complete, and free of code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    AutoConfig,
)

from nli_lifecycle.nli.quiet import quiet

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
#: How the text begins that a clone without Git LFS holds in place of a large file.
LFS_POINTER = b"version https://git-lfs"
CHOOSE = "Choose an encoder: of the BERT, RoBERTa, DeBERTa or ModernBERT family, for example."


class EncoderError(ValueError):
    """An encoder that cannot be found, or is not what was asked for."""


def require_safetensors(folder: Path) -> None:
    """Refuse weights that would have to be unpickled, which can run any code.

    Args:
        folder: an encoder's folder.

    Raises:
        EncoderError: naming what it holds instead.
    """
    if any(folder.glob("*.safetensors")):
        return
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    found = f"only {', '.join(pickles)}" if pickles else "no weights"
    raise EncoderError(
        f"training.encoder: {folder} holds {found}, but {WEIGHTS} is needed: other formats "
        "can run code when they are read. Convert it with save_pretrained() and use that folder."
    )


def check_folder(folder: Path) -> None:
    """Refuse a folder that would run code, cannot classify pairs, or is damaged.

    Only headers are read, so that it costs no time.

    Args:
        folder: holds ``config.json``, safetensors weights and a tokenizer; links are followed.

    Raises:
        EncoderError: naming the file and what is wrong with it.
    """
    for name in ("config.json", "tokenizer_config.json"):
        path = folder / name
        if path.is_file() and _json(path).get("auto_map"):
            raise EncoderError(
                f"{path} asks for code of its own (auto_map), and no code of an encoder is ever "
                "run. Choose an encoder that transformers knows by itself; if it knows this one, "
                "remove auto_map."
            )
    _check_kind(folder)
    for weights in _weight_files(folder):
        _check_readable(weights)


def _check_kind(folder: Path) -> None:
    """Refuse a configuration that is not of an encoder with a classification head."""
    if not (folder / "config.json").is_file():
        raise EncoderError(f"{folder} has no config.json: it holds no encoder.")
    try:
        with quiet():
            config = AutoConfig.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
    except (OSError, ValueError, KeyError, TypeError, StrictDataclassError) as error:
        reason = " ".join(str(error).split("\n")[:2])
        raise EncoderError(
            f"{folder / 'config.json'} describes no known model: {reason}"
        ) from error
    kind = f"{folder / 'config.json'} describes {config.model_type!r}"
    if getattr(config, "is_encoder_decoder", False):
        raise EncoderError(f"{kind}, an encoder with a decoder. {CHOOSE}")
    generates = (
        type(config) in MODEL_FOR_CAUSAL_LM_MAPPING
        and type(config) not in MODEL_FOR_MASKED_LM_MAPPING
    )
    if generates or getattr(config, "is_decoder", False):
        raise EncoderError(f"{kind}, a decoder, which generates text. {CHOOSE}")
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise EncoderError(f"{kind}, which has no head that classifies pairs. {CHOOSE}")


def _weight_files(folder: Path) -> list[Path]:
    """The files that transformers would read, all of them present."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        found = ", ".join(sorted(path.name for path in folder.glob("*.safetensors")))
        raise EncoderError(
            f"{folder} holds {found}, but neither {WEIGHTS} nor {INDEX}, which names the parts. "
            "Copy the whole folder."
        )
    shards = sorted({str(name) for name in _json(folder / INDEX).get("weight_map", {}).values()})
    outside = [name for name in shards if Path(name).name != name]
    absent = [name for name in shards if not (folder / name).is_file()]
    if outside or absent or not shards:
        named = ", ".join(outside or absent) or "no file at all"
        problem = "outside the folder" if outside else "not there"
        raise EncoderError(
            f"{folder / INDEX} names {named}: {problem}. Copy the whole folder again."
        )
    return [folder / name for name in shards]


def _check_readable(weights: Path) -> None:
    """Compare a file's header with its length."""
    with weights.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise EncoderError(
                f"{weights} is only a pointer of Git LFS to the weights. Run `git lfs pull`."
            )
    try:
        with safe_open(weights, framework="numpy"):
            pass
    except SafetensorError as error:
        raise EncoderError(
            f"{weights} is damaged or cut off ({error}). Copy or download it again."
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EncoderError(f"{path} is not JSON: {error}. Copy it again.") from error
    if not isinstance(content, dict):
        raise EncoderError(f"{path} holds no JSON object. Copy it again.")
    return content
