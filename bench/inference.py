"""Pairs per CPU second and milliseconds per pair: the bundle against the usual ways to serve.

    python bench/inference.py --quick              # trains briefly first; ≤ 3 quiet minutes
    python bench/inference.py --checkpoint FOLDER  # a fine-tuned checkpoint of yours
    python bench/inference.py --sick SICK.txt.gz   # on SICK as published (or through NLI_REAL_DATA)

All run the same fine-tuned checkpoint on the same pairs, on one thread each: transformers'
`pipeline("text-classification")` with batches of 1 and of 32, sentence-transformers' `CrossEncoder`
(32, which sorts by length), and plain PyTorch in length-sorted batches of 32. Rates are taken in
turns, in CPU seconds; each round compares neighbours in time, and the medians of the rounds'
ratios are reported. Agreement and accuracy compare the bundle with PyTorch float32.
"""

from __future__ import annotations

import os

# Before any library reads them: one thread each, and no network.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

import onnxruntime  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from sentence_transformers import CrossEncoder  # noqa: E402
from training import default_sick, processor, read_pairs, representative  # noqa: E402
from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: E402

from nli_lifecycle.nli.training.encoders import locate_encoder  # noqa: E402
from nli_lifecycle.nli.export.payload import ExportReport, export  # noqa: E402
from nli_lifecycle.nli.inference import Classifier  # noqa: E402
from nli_lifecycle.nli.training.loop import train  # noqa: E402
from nli_lifecycle.parameters import ExportParameters, TrainingParameters  # noqa: E402

MAX_LENGTH = 256
BATCH = 32
QUICK_TRAINING_PAIRS = 1536  # too few to be good, enough to answer with some confidence
Labels = list[str]
Engine = Callable[[Sequence[str], Sequence[str]], Labels]


def quick_checkpoint(splits: dict[str, pd.DataFrame], folder: Path, *, quick: bool) -> Path:
    """Fine-tune the default encoder: briefly where that must do, as users do otherwise."""
    parameters = TrainingParameters(device="cpu", epochs=1 if quick else 3)
    pairs = representative(splits["train"], QUICK_TRAINING_PAIRS) if quick else splits["train"]
    validation = representative(splits["validation"], 60) if quick else splits["validation"]
    encoder = locate_encoder(parameters)
    return train(pairs, validation, parameters, encoder=encoder, output=folder).checkpoint


def with_bundle(payload: Path) -> Engine:
    """What the project serves."""
    classifier = Classifier.load(payload, threads=1)

    def classify(premises: Sequence[str], hypotheses: Sequence[str]) -> Labels:
        best = classifier.predict_proba(premises, hypotheses).argmax(axis=1)
        return [classifier.labels[column] for column in best]

    return classify


def with_pipeline(checkpoint: Path, batch_size: int) -> Engine:
    """What a model card shows."""
    pipe = transformers.pipeline("text-classification", str(checkpoint), device="cpu")

    def classify(premises: Sequence[str], hypotheses: Sequence[str]) -> Labels:
        pairs = [{"text": p, "text_pair": h} for p, h in zip(premises, hypotheses)]
        return [answer["label"] for answer in pipe(pairs, batch_size=batch_size)]

    return classify


def with_cross_encoder(checkpoint: Path) -> Engine:
    """What sentence-transformers' documentation shows for NLI."""
    model = CrossEncoder(str(checkpoint), device="cpu", max_length=MAX_LENGTH)
    names = model.model.config.id2label

    def classify(premises: Sequence[str], hypotheses: Sequence[str]) -> Labels:
        pairs = list(zip(premises, hypotheses))
        scores = model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
        return [names[int(best)] for best in scores.argmax(axis=1)]

    return classify


def with_torch(checkpoint: Path) -> Engine:
    """What a careful person writes: length-sorted batches, dynamic padding, inference mode."""
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()

    def classify(premises: Sequence[str], hypotheses: Sequence[str]) -> Labels:
        rows = tokenizer(list(premises), list(hypotheses))
        order = sorted(range(len(premises)), key=lambda i: len(rows["input_ids"][i]))
        answers = [""] * len(order)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            batch = tokenizer.pad(
                {name: [values[i] for i in chosen] for name, values in rows.items()},
                return_tensors="pt",
            )
            with torch.inference_mode():
                best = model(**batch).logits.argmax(dim=-1).tolist()
            for i, column in zip(chosen, best):
                answers[i] = model.config.id2label[column]
        return answers

    return classify


def measure_rates(
    engines: dict[str, Engine], pairs: pd.DataFrame, rounds: int
) -> dict[str, list[float]]:
    """Let the engines take turns on the same pairs: pairs per CPU second, per round."""
    premises, hypotheses = pairs["premise"].tolist(), pairs["hypothesis"].tolist()
    for classify in engines.values():
        classify(premises[:BATCH], hypotheses[:BATCH])  # first calls load and allocate
    rates: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, classify in engines.items():
            started = time.process_time()
            classify(premises, hypotheses)
            rates[name].append(len(pairs) / (time.process_time() - started))
    return rates


def measure_latency(
    engines: dict[str, Engine], pairs: pd.DataFrame
) -> dict[str, tuple[float, float]]:
    """Let the engines take turns pair by pair: median milliseconds, of wall and of CPU time.

    On a machine that others use too, only the second says something about the engine.
    """
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for premise, hypothesis in zip(pairs["premise"], pairs["hypothesis"]):
        for name, classify in engines.items():
            wall, cpu = time.perf_counter(), time.process_time()
            classify([premise], [hypothesis])
            seconds[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (
            round(1000 * statistics.median(wall for wall, _ in values), 2),
            round(1000 * statistics.median(cpu for _, cpu in values), 2),
        )
        for name, values in seconds.items()
    }


def measure_quality(engines: dict[str, Engine], pairs: pd.DataFrame) -> dict[str, float]:
    """Compare the bundle's labels with PyTorch's, and both with the truth."""
    texts = pairs["premise"].tolist(), pairs["hypothesis"].tolist()
    ours, floats = (pd.Series(engines[name](*texts)) for name in ("bundle", "torch"))
    truth = pairs["label"].reset_index(drop=True)
    accuracy, accuracy_float = (ours == truth).mean(), (floats == truth).mean()
    return {
        "agreement": round(float((ours == floats).mean()), 4),
        "accuracy": round(float(accuracy), 4),
        "accuracy_float": round(float(accuracy_float), 4),
        "accuracy_drop_points": round(100 * float(accuracy_float - accuracy), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, help="fine-tuned model; default: train one")
    parser.add_argument("--sick", type=Path, default=default_sick(), help="SICK.txt, or its .gz")
    parser.add_argument("--quick", action="store_true", help="≤ 3 minutes: few rounds, few rows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

    corpus, splits = read_pairs(options.sick)
    timed = representative(splits["test"], 128 if options.quick else 640)
    judged = representative(splits["test"], 400) if options.quick else splits["test"]
    single = representative(splits["test"], 40 if options.quick else 200)
    rounds = 3 if options.quick else 7
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = options.checkpoint or quick_checkpoint(
            splits, Path(folder) / "checkpoint", quick=options.quick
        )
        payload = Path(folder) / "payload"
        report = export(
            checkpoint, payload, ExportParameters(), splits["validation"], max_length=MAX_LENGTH
        )
        engines = {
            "bundle": with_bundle(payload),
            "torch": with_torch(checkpoint),
            "crossencoder": with_cross_encoder(checkpoint),
            "pipeline32": with_pipeline(checkpoint, BATCH),
            "pipeline1": with_pipeline(checkpoint, 1),
        }
        rates = measure_rates(engines, timed, rounds)
        latency = measure_latency(engines, single)
        quality = measure_quality(engines, judged)
    tell(corpus, len(judged), report, rates, latency, quality)


def tell(
    corpus: str,
    judged: int,
    report: ExportReport,
    rates: dict[str, list[float]],
    latency: dict[str, tuple[float, float]],
    quality: dict[str, float],
) -> None:
    """Print the table, then everything as one line of JSON."""
    ratios = {
        name: statistics.median(ours / theirs for ours, theirs in zip(rates["bundle"], values))
        for name, values in rates.items()
    }
    table = Table(title=f"{corpus}, one thread, median of {len(rates['bundle'])} rounds")
    for heading in ("engine", "pairs per CPU s", "bundle is", "one pair, p50 ms", "CPU ms"):
        table.add_column(heading, justify="left" if heading == "engine" else "right")
    for name, values in rates.items():
        median = f"{statistics.median(values):.0f}"
        wall, cpu = latency[name]
        table.add_row(name, median, f"{ratios[name]:.2f}×", f"{wall:.1f}", f"{cpu:.1f}")
    console = Console()
    console.print(table)
    console.print(
        f"{report.precision}: {quality['agreement']:.1%} of labels as PyTorch float32's on "
        f"{judged:,} test pairs, accuracy {quality['accuracy']:.1%} "
        f"({-quality['accuracy_drop_points']:+.2f} points)",
        style="dim",
    )
    figures = {
        **{f"ratio_vs_{name}": round(value, 2) for name, value in ratios.items()},
        **quality,
        "single_p50_ms": latency["bundle"][0],
        "single_p50_ms_others": {n: wall for n, (wall, _) in latency.items() if n != "bundle"},
        "single_cpu_p50_ms": {name: cpu for name, (_, cpu) in latency.items()},
        "pairs_per_cpu_second": {n: round(statistics.median(v), 1) for n, v in rates.items()},
        "precision": report.precision,
        "bundle_megabytes": round(report.bytes / 1e6, 1),
        "corpus": corpus,
        "test_pairs": judged,
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "onnxruntime": onnxruntime.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    del figures["ratio_vs_bundle"]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
