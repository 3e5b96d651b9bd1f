"""Tiny checkpoints, payloads and bundles, made by the real code in a second or two."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import torch
from tiny_encoder import make_tiny_encoder

from nli_lifecycle.nli.training.checkpoint import load_classifier, write_checkpoint
from nli_lifecycle.nli.training.encoding import load_tokenizer
from nli_lifecycle.nli.export.payload import export
from nli_lifecycle.parameters import ExportParameters

MAX_LENGTH = 64
PAIRS = pd.DataFrame(
    [
        ("the dog runs outside", "some dog runs", "entailment"),
        ("a woman reads in the park and the child sleeps", "no woman reads", "contradiction"),
        ("every bird sings", "a big horse eats", "neutral"),
        ("two cats", "three red cats are in the house or outside", "neutral"),
    ]
    * 5,
    columns=["premise", "hypothesis", "label"],
)


def make_tiny_checkpoint(folder: Path, *, seed: int = 0, order: list[str] | None = None) -> Path:
    """Write a classifier with random weights that answers differently on different pairs.

    Args:
        folder: where to write the checkpoint; the encoder lands beside it.
        seed: seed of all its weights.
        order: names of its outputs; default entailment, neutral, contradiction.

    Returns:
        ``folder``.
    """
    encoder = make_tiny_encoder(folder.with_name(f"{folder.name}-encoder"), seed=seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = load_classifier(encoder, max_length=MAX_LENGTH)
        model.classifier.weight.data.normal_(std=0.5)
    write_checkpoint(model, load_tokenizer(encoder), folder)
    if order is not None:
        config = json.loads((folder / "config.json").read_text())
        config["id2label"] = dict(enumerate(order))
        config["label2id"] = {label: index for index, label in enumerate(order)}
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def make_tiny_payload(
    folder: Path,
    *,
    seed: int = 0,
    int8: bool = True,
    max_length: int = MAX_LENGTH,
    overlap: int | None = None,
) -> Path:
    """Export a tiny checkpoint.

    Args:
        folder: where to write the payload; the checkpoint lands beside it.
        seed: seed of its weights.
        int8: whether to quantise.
        max_length: tokens of a window.
        overlap: tokens that windows share; None: long premises are cut.

    Returns:
        ``folder``.
    """
    checkpoint = make_tiny_checkpoint(folder.with_name(f"{folder.name}-checkpoint"), seed=seed)
    # Random weights decide near ties, which int8 may turn over: accept it whatever it does.
    parameters = ExportParameters(int8=int8, min_agreement=0, max_accuracy_drop=100)
    export(checkpoint, folder, parameters, PAIRS, max_length=max_length, overlap=overlap)
    return folder
