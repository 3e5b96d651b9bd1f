"""Long premises at 128 tokens: cut, against read in windows. Accuracy, and pairs per CPU second.

    python bench/windows.py --quick                          # sample corpus
    python bench/windows.py --train TRAIN.tsv.gz --test TEST.tsv --documents PARAGRAPHS.tsv

The long pairs are ordinary ones whose premise stands somewhere among premises of other pairs, so
that the label stays and most of a document is beside the point. Each way trains the default encoder
on the same short and long pairs, is exported as ever, and answers long pairs of the test file.
`--documents` are pairs that people wrote about whole paragraphs; those longer than a window count.
Files are tab-separated, with columns sentence1, sentence2 and gold_label.
"""

from __future__ import annotations

import os

# Before any library reads them: one thread each, and no network.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse  # noqa: E402
import json  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from training import processor, read_pairs  # noqa: E402

from nli_lifecycle.nli.export.payload import export  # noqa: E402
from nli_lifecycle.nli.inference import Classifier  # noqa: E402
from nli_lifecycle.nli.training.encoders import locate_encoder  # noqa: E402
from nli_lifecycle.nli.training.encoding import load_tokenizer  # noqa: E402
from nli_lifecycle.nli.training.loop import train  # noqa: E402
from nli_lifecycle.parameters import ExportParameters, TrainingParameters  # noqa: E402

MAX_LENGTH = 128
WAYS = {"cut": {}, "windows": {"long_premises": "windows"}}
NAMES = {"sentence1": "premise", "sentence2": "hypothesis", "gold_label": "label"}
Splits = dict[str, pd.DataFrame]


def read(file: Path) -> pd.DataFrame:
    """Read pairs in the format of GLUE's MultiNLI."""
    pairs = pd.read_csv(file, sep="\t", usecols=list(NAMES), dtype=str).rename(columns=NAMES)
    return pairs.dropna().sample(frac=1, random_state=0, ignore_index=True)


def lengthen(pairs: pd.DataFrame, words: int, seed: int) -> pd.DataFrame:
    """Put each premise somewhere among premises of other pairs, up to so many words."""
    rng = np.random.default_rng(seed)
    others = pairs["premise"].unique()
    documents = []
    for premise in pairs["premise"]:
        around: list[str] = []
        while sum(len(text.split()) for text in [premise, *around]) < words:
            other = others[rng.integers(len(others))]
            around += [other] if other != premise else []
        around.insert(int(rng.integers(len(around) + 1)), premise)
        documents.append(" ".join(around))
    return pairs.assign(premise=documents)


def longer_than_a_window(pairs: pd.DataFrame, encoder: Path) -> pd.DataFrame:
    """Keep the pairs that one window does not hold."""
    tokenizer = load_tokenizer(encoder).backend_tokenizer
    encodings = tokenizer.encode_batch(list(zip(pairs["premise"], pairs["hypothesis"])))
    return pairs[[len(encoding) > MAX_LENGTH for encoding in encodings]]


def measure(
    way: str, train_pairs: pd.DataFrame, validation: pd.DataFrame, tests: Splits, epochs: int
) -> dict[str, float | str]:
    """Train, export and answer in one way."""
    parameters = TrainingParameters(
        max_length=MAX_LENGTH, epochs=epochs, device="cpu", **WAYS[way]  # type: ignore[arg-type]
    )
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, payload = Path(folder, "checkpoint"), Path(folder, "payload")
        encoder = locate_encoder(parameters)
        result = train(train_pairs, validation, parameters, encoder=encoder, output=checkpoint)
        export(
            checkpoint, payload, ExportParameters(), validation,
            max_length=MAX_LENGTH, overlap=parameters.overlap,
        )  # fmt: skip
        classifier = Classifier.load(payload, threads=1)
    figures: dict[str, float | str] = {
        "trained_per_cpu_second": round(result.pairs_per_cpu_second, 2),
        "precision": classifier.precision,  # int8 is about twice as fast
    }
    for name, pairs in tests.items():
        started = time.process_time()
        answers = classifier.predict_proba(pairs["premise"], pairs["hypothesis"])
        spent = time.process_time() - started
        right = np.array(classifier.labels)[answers.argmax(axis=1)] == pairs["label"].to_numpy()
        figures[f"accuracy_{name}"] = round(float(right.mean()), 4)
        figures[f"{name}_per_cpu_second"] = round(len(pairs) / spent, 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--train", type=Path, help="pairs to learn from; default: the sample")
    parser.add_argument("--test", type=Path, help="pairs to be judged on; default: the sample's")
    parser.add_argument("--documents", type=Path, help="pairs with long premises as they are")
    parser.add_argument("--quick", action="store_true", help="≤ 3 minutes: few pairs, one epoch")
    parser.add_argument(
        "--pairs", type=int, help="short training pairs, a quarter as many long ones"
    )
    parser.add_argument("--words", type=int, default=200, help="of a long premise, about")
    parser.add_argument("--epochs", type=int, help="passes over them (2, quick: 1)")
    options = parser.parse_args()
    if (options.train is None) != (options.test is None):
        parser.error("--train and --test go together")
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()

    # ---- pairs
    if options.train is None:
        _corpus, splits = read_pairs(None)
        learn, judge = (
            splits[name].sample(frac=1, random_state=0, ignore_index=True)
            for name in ("train", "test")
        )
    else:
        learn, judge = read(options.train), read(options.test)
    count = options.pairs or (400 if options.quick else 4_000)
    held = 60 if options.quick else 200  # validation: half of them long
    judged = 100 if options.quick else 600
    short, rest = learn[:count], learn[count:]
    train_pairs = pd.concat([short, lengthen(rest[: count // 4], options.words, 1)])
    rest = rest[count // 4 :]
    validation = pd.concat(
        [rest[: held // 2], lengthen(rest[held // 2 : held], options.words, 2)], ignore_index=True
    )
    tests = {
        "short": judge[:judged],
        "long": lengthen(judge[judged : 2 * judged], options.words, 3),
    }
    if options.documents:
        encoder = locate_encoder(TrainingParameters())
        tests["documents"] = longer_than_a_window(read(options.documents), encoder)

    # ---- both ways
    epochs = options.epochs or (1 if options.quick else 2)
    train_pairs = train_pairs.reset_index(drop=True)
    figures = {way: measure(way, train_pairs, validation, tests, epochs) for way in WAYS}

    # ---- report
    table = Table(title=f"{len(train_pairs)} training pairs, {epochs} epochs, {MAX_LENGTH} tokens")
    for heading in ("", *WAYS):
        table.add_column(heading, justify="right" if heading else "left")
    for name in figures["cut"]:
        table.add_row(name.replace("_", " "), *(str(figures[way][name]) for way in WAYS))
    Console().print(table)
    about = {
        "test_pairs": {name: len(pairs) for name, pairs in tests.items()},
        "training_pairs": len(train_pairs),
        "epochs": epochs,
        "corpus": options.train.name if options.train else "sample",
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "torch": torch.__version__,
    }
    print(json.dumps(figures | about))


if __name__ == "__main__":
    main()
