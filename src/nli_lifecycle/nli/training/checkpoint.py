"""Reading the encoder into a three-label classifier, and writing the trained one, as Hugging Face
checkpoints that any tool can open."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForSequenceClassification

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.quiet import quiet
from nli_lifecycle.nli.training.families import usable_length
from nli_lifecycle.nli.training.heads import settle_head


def load_classifier(folder: Path | str, *, max_length: int = 0) -> Any:
    """Read an encoder's weights under a three-label head: its own where that knows our labels.

    Args:
        folder: the encoder's folder: ``config.json`` and safetensors weights.
        max_length: tokens per pair it must take.

    Returns:
        A float32 ``PreTrainedModel`` whose outputs are in ``LABELS`` order; what becomes of a head
        that the folder holds says ``settle_head``.

    Raises:
        ValueError: when the folder cannot be read as an encoder with a classification head, takes
            fewer tokens, or lacks weights of the encoder itself, which would be random.
    """
    try:
        with quiet():
            config = AutoConfig.from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False
            )
            model, report = AutoModelForSequenceClassification.from_pretrained(
                str(folder),
                num_labels=len(LABELS),
                id2label=dict(enumerate(LABELS)),
                label2id={label: index for index, label in enumerate(LABELS)},
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                ignore_mismatched_sizes=True,  # a head of another size is replaced
                output_loading_info=True,
            )
    except (OSError, ValueError, KeyError, ImportError, SafetensorError) as error:
        raise ValueError(f"No encoder can be read from {folder}: {error}") from error
    mismatched = {name for name, *_ in report["mismatched_keys"]}
    encoder = f"{model.base_model_prefix}."
    absent = sorted(
        name
        for name in {*report["missing_keys"], *mismatched}
        if name.startswith(encoder) and ".pooler." not in name
    )
    if absent:
        raise ValueError(
            f"{folder}: {len(absent)} weights of the encoder are missing or of another shape "
            f"(first: {absent[0]}). config.json and model.safetensors do not belong together."
        )
    positions = usable_length(model)
    if positions is not None and max_length > positions:
        raise ValueError(
            f"training.max_length is {max_length} tokens, but the encoder in {folder} takes at "
            f"most {positions}. Lower it."
        )
    settle_head(model, config.id2label, {*report["missing_keys"], *mismatched}, folder)
    return model


def write_checkpoint(model: Any, tokenizer: Any, output: Path) -> Path:
    """Write a checkpoint folder in one move: a folder of that name is always complete.

    Args:
        model: the trained classifier.
        tokenizer: its tokenizer.
        output: the folder; replaced when it exists.

    Returns:
        ``output``.

    Raises:
        OSError: when the disk is full or the folder may not be written; nothing is left behind.
    """
    try:
        with appearing(output) as partial, quiet():
            model.save_pretrained(partial)
            tokenizer.save_pretrained(partial)
    except SafetensorError as error:
        raise as_os_error(error, output) from error
    return output


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, which takes its final name in one move if the block succeeds.

    Args:
        folder: the final name; what is there is replaced.
    """
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def as_os_error(error: SafetensorError, folder: Path) -> Exception:
    """Give a failed write its system error back: safetensors only keeps it as text."""
    number = re.search(r"os error (\d+)", str(error))
    if number is None:
        return error
    return OSError(int(number[1]), os.strerror(int(number[1])), str(folder))
