"""Pairs per CPU second: our training loop against the Hugging Face Trainer.

    python bench/training.py --quick               # sample corpus, or SICK through NLI_REAL_DATA
    python bench/training.py --sick SICK.txt.gz    # as published: rates, then 3 epochs of both

The loops train the same encoder with the same batch size, learning rate and schedule:
`trainer_default` is Trainer as `run_glue.py` uses it (every pair padded to 128 tokens),
`trainer_dynamic` is Trainer with `DataCollatorWithPadding`, `ours_float32` is `nli.training.train`
in the precision that these two have, `ours` the same as it comes: in bfloat16 on CPUs with units
for it. There `trainer_bfloat16` is Trainer with dynamic padding and `bf16=True`.
Rates are taken in turns, in CPU seconds, inside the training loop only: neither side is charged
for loading, tokenising or validation. Trainer reads lists in memory, not Arrow tables, which
favours it. Accuracy is that of both after the same number of epochs over the same pairs; ours
chooses its best epoch on the validation pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import transformers
from rich.console import Console
from rich.table import Table
from transformers import (
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)

from nli_lifecycle.nli.training.checkpoint import load_classifier
from nli_lifecycle.nli.training.devices import has_bfloat16
from nli_lifecycle.nli.training.encoders import locate_encoder
from nli_lifecycle.nli.training.encoding import encode_pairs, label_positions, load_tokenizer
from nli_lifecycle.nli.training.loop import train
from nli_lifecycle.nli.training.validation import validate
from nli_lifecycle.parameters import TrainingParameters

GLUE_LENGTH = 128  # run_glue.py's max_seq_length
SPLITS = {"TRAIN": "train", "TRIAL": "validation", "TEST": "test"}
#: Pairs a round trains on, about 10 CPU seconds each. Ours takes more, for its buckets to fill.
ROUND_PAIRS = {"ours": 640, "ours_float32": 640, "trainer_dynamic": 192, "trainer_default": 64}
BFLOAT16 = "trainer_bfloat16"
QUICK_SECONDS = 90  # no further round starts after them


class LoopClock(TrainerCallback):
    """CPU seconds between the first and the last step of a Trainer."""

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.started = time.process_time()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.cpu_seconds = time.process_time() - self.started


def read_pairs(sick: Path | None) -> tuple[str, dict[str, pd.DataFrame]]:
    """Read SICK as published, or draw the sample corpus; one frame per split."""
    if sick is None:
        from nli_lifecycle.nli.sample import generate

        pairs = pd.DataFrame(generate("dev"))
    else:
        names = {"sentence_A": "premise", "sentence_B": "hypothesis", "entailment_label": "label"}
        pairs = pd.read_csv(sick, sep="\t", quoting=3).rename(columns=names)
        pairs["label"] = pairs["label"].str.lower()
        pairs["split"] = pairs["SemEval_set"].map(SPLITS)
    splits = {
        name: pairs[pairs["split"] == name].reset_index(drop=True) for name in SPLITS.values()
    }
    return ("SICK" if sick else "sample"), splits


def representative(pairs: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Take evenly spaced rows in order of length, shuffled: few pairs, the same lengths."""
    characters = pairs["premise"].str.len() + pairs["hypothesis"].str.len()
    order = characters.sort_values(kind="stable").index
    chosen = order[np.linspace(0, len(order) - 1, min(rows, len(order))).astype(int)]
    return pairs.loc[chosen].sample(frac=1, random_state=0).reset_index(drop=True)


def run_ours(
    pairs: pd.DataFrame, validation: pd.DataFrame, parameters: TrainingParameters, encoder: Path
) -> tuple[float, Any]:
    """Train with our loop: pairs per CPU second, and the classifier."""
    with tempfile.TemporaryDirectory() as folder:
        result = train(
            pairs, validation, parameters, encoder=encoder, output=Path(folder) / "checkpoint"
        )
        return result.pairs_per_cpu_second, load_classifier(result.checkpoint)


def run_trainer(
    pairs: pd.DataFrame,
    parameters: TrainingParameters,
    encoder: Path,
    *,
    dynamic: bool,
    bfloat16: bool = False,
) -> tuple[float, Any]:
    """Train with Hugging Face's loop: pairs per CPU second, and the classifier."""
    tokenizer = load_tokenizer(encoder)
    encoded = tokenizer(
        pairs["premise"].tolist(),
        pairs["hypothesis"].tolist(),
        truncation=True,
        max_length=GLUE_LENGTH,
        padding=False if dynamic else "max_length",
    )
    labels = label_positions(pairs["label"], "training").tolist()
    rows = [
        {**{name: values[i] for name, values in encoded.items()}, "label": label}
        for i, label in enumerate(labels)
    ]
    torch.manual_seed(parameters.seed)
    with tempfile.TemporaryDirectory() as folder:
        clock = LoopClock()
        trainer = Trainer(
            model=load_classifier(encoder),
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=parameters.epochs,
                per_device_train_batch_size=parameters.batch_size,
                learning_rate=parameters.learning_rate,
                warmup_steps=parameters.warmup_share,
                weight_decay=parameters.weight_decay,
                max_grad_norm=parameters.max_gradient_norm,
                seed=parameters.seed,
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
                use_cpu=True,
                bf16=bfloat16,
            ),
            train_dataset=rows,
            data_collator=DataCollatorWithPadding(tokenizer) if dynamic else default_data_collator,
            callbacks=[clock],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return parameters.epochs * len(rows) / clock.cpu_seconds, trainer.model


def accuracy(model: Any, pairs: pd.DataFrame, encoder: Path) -> float:
    """Score a classifier on the test pairs."""
    tokenizer = load_tokenizer(encoder)
    encoded = encode_pairs(
        pairs["premise"].tolist(), pairs["hypothesis"].tolist(), tokenizer, max_length=GLUE_LENGTH
    )
    targets = label_positions(pairs["label"], "test")
    return validate(model, encoded, targets, pad_id=tokenizer.pad_token_id)["accuracy"]


def product_rate() -> float:
    """Measure float32 matrix products of the encoder's shapes: operations per CPU second."""
    left, right = torch.randn(32 * 24, 384), torch.randn(384, 1536)
    rates = []
    for _ in range(5):
        started = time.process_time()
        for _ in range(60):
            left @ right
        rates.append(60 * 2 * left.numel() * right.shape[1] / (time.process_time() - started))
    return statistics.median(rates)


def _layer_weights(encoder: Path) -> int:
    """Weights that every token is multiplied with."""
    return sum(w.numel() for name, w in load_classifier(encoder).named_parameters()
               if ".layer." in name and w.ndim == 2)  # fmt: skip


def _tokens(pairs: pd.DataFrame, encoder: Path) -> float:
    """Mean tokens of a pair."""
    texts = (pairs[name].tolist() for name in ("premise", "hypothesis"))
    encoded = encode_pairs(*texts, load_tokenizer(encoder), max_length=GLUE_LENGTH)
    return float(encoded.lengths.mean())


def _precisely(parameters: TrainingParameters, name: str) -> TrainingParameters:
    precision = "float32" if name == "ours_float32" else "auto"
    return parameters.model_copy(update={"precision": precision})


def processor() -> str:
    """Name this machine's processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def default_sick() -> Path | None:
    """Find SICK in the folder that NLI_REAL_DATA names."""
    folder = os.environ.get("NLI_REAL_DATA")
    file = Path(folder) / "sick" / "SICK.txt.gz" if folder else None
    return file if file and file.is_file() else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sick", type=Path, default=default_sick(), help="SICK.txt, or its .gz")
    parser.add_argument("--quick", action="store_true", help="≤ 3 minutes: few steps, few rows")
    parser.add_argument("--rounds", type=int, help="rounds of the rates (5, quick: 3)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads, for all loops")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    transformers.logging.set_verbosity_error()

    corpus, splits = read_pairs(options.sick)
    parameters = TrainingParameters(max_length=GLUE_LENGTH, device="cpu")
    one_epoch = parameters.model_copy(update={"epochs": 1})
    encoder = locate_encoder(parameters)
    few = representative(splits["validation"], 30)

    # ---- rates, in turns
    scale = 1 if options.quick else 3
    rounds = options.rounds or (3 if options.quick else 5)
    if has_bfloat16(torch.device("cpu")):
        ROUND_PAIRS[BFLOAT16] = ROUND_PAIRS["trainer_dynamic"]
    rates: dict[str, list[float]] = {name: [] for name in ROUND_PAIRS}
    started = time.perf_counter()
    while len(rates["ours"]) < rounds:
        for name, rows in ROUND_PAIRS.items():
            pairs = representative(splits["train"], rows * scale)
            if name.startswith("ours"):
                rate, _model = run_ours(pairs, few, _precisely(one_epoch, name), encoder)
            else:
                padded, half = name == "trainer_default", name == BFLOAT16
                rate, _model = run_trainer(
                    pairs, one_epoch, encoder, dynamic=not padded, bfloat16=half
                )
            rates[name].append(rate)
        if options.quick and time.perf_counter() - started > QUICK_SECONDS:
            break
    medians = {name: statistics.median(values) for name, values in rates.items()}

    # ---- accuracy, after the same epochs over the same pairs
    budget = one_epoch if options.quick else parameters
    learn = representative(splits["train"], 256) if options.quick else splits["train"]
    test = representative(splits["test"], 300) if options.quick else splits["test"]
    watched = few if options.quick else splits["validation"]
    scores = {}
    for name in ("ours",) if options.quick else ("ours", "ours_float32"):
        _rate, model = run_ours(learn, watched, _precisely(budget, name), encoder)
        scores[name] = accuracy(model, test, encoder)
    _rate, model = run_trainer(learn, budget, encoder, dynamic=True)
    scores["trainer_dynamic"] = accuracy(model, test, encoder)

    # ---- the floor: nothing but the matrix products of all layers, at the rate they have here
    flops = product_rate()
    tokens = _tokens(representative(splits["train"], ROUND_PAIRS["ours"] * scale), encoder)
    floor = flops / (3 * 2 * _layer_weights(encoder) * tokens)

    # ---- report
    figures = {
        **{name: round(rate, 2) for name, rate in medians.items()},
        "ratio_vs_default": round(medians["ours"] / medians["trainer_default"], 2),
        "ratio_vs_dynamic": round(medians["ours"] / medians["trainer_dynamic"], 2),
        "float32_vs_default": round(medians["ours_float32"] / medians["trainer_default"], 2),
        "float32_vs_dynamic": round(medians["ours_float32"] / medians["trainer_dynamic"], 2),
        "float32_share_of_floor": round(medians["ours_float32"] / floor, 2),
        "gflop_per_s_float32": round(flops / 1e9, 1),
        "accuracy_ours": round(scores["ours"], 4),
        "accuracy_trainer": round(scores["trainer_dynamic"], 4),
        "accuracy_after": f"{budget.epochs} × {len(learn)} pairs, on {len(test)} test pairs",
        "corpus": corpus,
        "rounds": len(rates["ours"]),
        "spread": {name: [round(min(v), 2), round(max(v), 2)] for name, v in rates.items()},
        "threads": options.threads,
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    table = Table(
        title=f"{corpus}, {options.threads} thread(s), median of {figures['rounds']} rounds"
    )
    for heading in ("loop", "pairs per CPU s", "ours is", "accuracy"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, rate in {**medians, "float32 floor": floor}.items():
        score = f"{scores[name]:.3f}" if name in scores else ""
        table.add_row(name, f"{rate:.1f}", f"{medians['ours'] / rate:.2f}×", score)
    console = Console()
    console.print(table)
    console.print(f"accuracy after {figures['accuracy_after']}", style="dim")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
