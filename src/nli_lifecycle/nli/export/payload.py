"""From a Hugging Face checkpoint to the payload that is evaluated and served."""

from __future__ import annotations

import inspect
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pandas import DataFrame
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from nli_lifecycle.nli import bundle, inference
from nli_lifecycle.nli.training.batching import collate
from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.encoding import EncodedPairs, encode_pairs, load_tokenizer
from nli_lifecycle.nli.training.families import usable_length
from nli_lifecycle.nli.training.first_token import read_first_token_only
from nli_lifecycle.nli.training.pooling import pool
from nli_lifecycle.nli.export.golden import probe_pairs, record_golden
from nli_lifecycle.nli.export.graph import write_float_graph
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import column_order
from nli_lifecycle.nli.export.precision import Precision, choose_precision, write_settings
from nli_lifecycle.nli.export.temperature import calibrate_payload
from nli_lifecycle.nli.quiet import quiet
from nli_lifecycle.parameters import ExportParameters

MAX_FLOAT_DIFFERENCE = 1e-3  # of a probability, ONNX float32 to PyTorch
COMPARED_PROBES = 8  # golden probes, one of them longer than any window, ...
COMPARED_PAIRS = 32  # ... and validation pairs on which those two are compared


class ExportError(ValueError):
    """A checkpoint that cannot be turned into a payload answering as it does."""


@dataclass(frozen=True)
class ExportReport:
    """What was exported and why; agreement and accuracy drop are those of int8 against float32."""

    precision: Precision
    reason: str
    agreement: float | None  # share of equal labels; None: int8 was not tried
    accuracy_drop_points: float | None  # float32's validation accuracy minus int8's, in points
    temperature: float  # by which logits are divided, fitted on validation
    float_difference: float  # largest difference of a probability, ONNX float32 to PyTorch
    bytes: int  # of the payload


def export(
    checkpoint: Path,
    output: Path,
    parameters: ExportParameters,
    validation: DataFrame,
    *,
    max_length: int,
    overlap: int | None = None,
) -> ExportReport:
    """Write the payload of a bundle: model, tokenizer, settings, golden probes and code.

    Args:
        checkpoint: folder of a fine-tuned model whose config.json names the three labels.
        output: folder to write, new or empty.
        parameters: whether int8 is wanted, the tolerances it must meet, the number of probes.
        validation: pairs (premise, hypothesis, label) that decide about int8; may be empty.
        max_length: tokens of a window.
        overlap: tokens of a long premise that neighbouring windows share; None: its end is cut.

    Returns:
        What was written, and why in this precision.

    Raises:
        ExportError: when the checkpoint cannot be read or exported faithfully.
    """
    checkpoint, output = Path(checkpoint), Path(output)
    if output.exists() and any(output.iterdir()):
        raise ExportError(f"{output} is not empty; export into a new folder.")
    output.mkdir(parents=True, exist_ok=True)

    # ---- float graph, checked against PyTorch --------------------------------------------------
    model, tokenizer = _load(checkpoint, max_length)
    rows = validation.head(COMPARED_PAIRS)
    pairs = list(zip(rows["premise"].tolist(), rows["hypothesis"].tolist()))
    difference = _write_float_payload(model, tokenizer, output, pairs, max_length, overlap)

    # ---- int8, if it is good enough ------------------------------------------------------------
    choice = choose_precision(output, parameters, validation)

    # ---- as sure as it is right ----------------------------------------------------------------
    temperature = calibrate_payload(output, validation)

    # ---- golden probes, and the code that reads it all -----------------------------------------
    record_golden(output, parameters.golden_probes, choice.precision)
    for module in (inference, bundle):
        source = Path(inspect.getfile(module))
        shutil.copyfile(source, output / source.name)

    return ExportReport(
        precision=choice.precision,
        reason=choice.reason,
        agreement=choice.agreement,
        accuracy_drop_points=choice.accuracy_drop_points,
        temperature=temperature,
        float_difference=difference,
        bytes=sum(path.stat().st_size for path in output.iterdir()),
    )


def check_exportable(encoder: Path, *, max_length: int) -> None:
    """Find out in seconds, before training, whether an encoder can be exported at all.

    Args:
        encoder: folder of the pretrained weights.
        max_length: tokens per pair.

    Raises:
        ExportError: when the encoder cannot be traced, or its graph answers otherwise.
        ValueError: when the folder holds no usable encoder or tokenizer.
    """
    with quiet():  # what it says about the head is said once, when training loads it
        model = load_classifier(encoder, max_length=max_length)
    tokenizer = load_tokenizer(encoder)
    model.set_attn_implementation("eager")
    with TemporaryDirectory() as folder:
        _write_float_payload(model.eval(), tokenizer, Path(folder), [], max_length)


def _load(checkpoint: Path, max_length: int) -> tuple[Any, Any]:
    """The trained model, ready to infer, and its fast tokenizer."""
    if not (checkpoint / "config.json").is_file():
        raise ExportError(f"{checkpoint} is no checkpoint: it has no config.json.")
    try:
        with quiet():
            model, report = AutoModelForSequenceClassification.from_pretrained(
                checkpoint,
                attn_implementation="eager",  # the smallest and fastest graph
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
        tokenizer = load_tokenizer(checkpoint)
        column_order(model.config.id2label)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ExportError(f"{checkpoint} cannot be exported: {error}") from error
    if report["missing_keys"]:
        raise ExportError(f"{checkpoint} lacks trained weights: {sorted(report['missing_keys'])}.")
    positions = usable_length(model)
    if positions is not None and max_length > positions:
        raise ExportError(f"max_length is {max_length}, but the model has {positions} positions.")
    return model.eval(), tokenizer


def _write_float_payload(
    model: Any,
    tokenizer: Any,
    output: Path,
    pairs: list[tuple[str, str]],
    max_length: int,
    overlap: int | None = None,
) -> float:
    """Write model, tokenizer and settings in float32, and compare them with PyTorch.

    Returns:
        The largest difference of a probability, on ``pairs`` and on the golden probes.
    """
    names = {int(index): str(name).lower() for index, name in model.config.id2label.items()}
    settings = {
        "format": 1,
        "labels": [names[index] for index in sorted(names)],  # in the order of the outputs
        "max_length": max_length,
        "temperature": 1.0,  # logits are divided by it; fitted at the end
        "pad_id": int(tokenizer.pad_token_id),
        "precision": "float32",
    }
    if overlap is not None:
        settings |= {"format": 2, "long_premises": "windows", "window_overlap": overlap}
    write_settings(output, settings)
    plain = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    plain.no_padding()
    plain.no_truncation()
    plain.save(str(output / "tokenizer.json"))

    pairs = probe_pairs(COMPARED_PROBES) + pairs
    premises, hypotheses = zip(*pairs)
    encoded = encode_pairs(premises, hypotheses, tokenizer, max_length=max_length, overlap=overlap)
    pad_id = tokenizer.pad_token_id
    expected = _torch_probabilities(model, encoded, pad_id)
    example = collate(encoded, np.arange(2), pad_id=pad_id)
    try:
        write_float_graph(read_first_token_only(model), example, output / "model.onnx")
    except RuntimeError as error:
        raise ExportError(str(error)) from error
    answered = Classifier.load(output, verify=False).predict_proba(premises, hypotheses)
    difference = np.abs(answered - expected).max()
    if not difference <= MAX_FLOAT_DIFFERENCE:  # so that NaN fails too
        raise ExportError(
            f"The ONNX graph of this {type(model).__name__} answers {difference:.2g} off PyTorch "
            f"(at most {MAX_FLOAT_DIFFERENCE:g}): the architecture does not survive tracing."
        )
    return float(difference)


def _torch_probabilities(model: Any, encoded: EncodedPairs, pad_id: int) -> npt.NDArray[np.float64]:
    """Probabilities (n, 3) in ``LABELS`` order from PyTorch, by single windows: free of padding."""
    columns = column_order(model.config.id2label)
    windows, counts = encoded.windows(np.arange(len(encoded.lengths)))
    batches = [collate(encoded, windows[[i]], pad_id=pad_id) for i in range(len(windows))]
    try:
        with torch.inference_mode():
            logits = [model(**batch).logits[0] for batch in batches]
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ExportError(
            f"{type(model).__name__} cannot read a pair of texts "
            f"({type(error).__name__}: {error}). Choose an encoder of another family."
        ) from error
    pooled = pool(torch.stack(logits)[:, columns], counts)
    return np.asarray(torch.softmax(pooled.double(), dim=-1).numpy())
