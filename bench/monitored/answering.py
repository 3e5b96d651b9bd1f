"""From files of pairs to answers: read, train, score, and describe as the service's log does it."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from monitored.pool import COLUMNS, Pool

from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.export.payload import export
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.stress.edits import typo
from nli_lifecycle.nli.training.encoders import locate_encoder
from nli_lifecycle.nli.training.loop import train
from nli_lifecycle.parameters import ExportParameters, TrainingParameters
from nli_lifecycle.pyfunc.package import save_pyfunc
from nli_lifecycle.serving.head import Release
from nli_lifecycle.serving.log.features import ROW, Deriver, parse
from nli_lifecycle.serving.log.record import Answered

TEXTS = ["premise", "hypothesis"]
OURS = {
    **{"sentence1": "premise", "sentence2": "hypothesis", "gold_label": "label"},
    **{"sentence_A": "premise", "sentence_B": "hypothesis", "entailment_label": "label"},
}
#: Which rows of a file that holds all of SICK are meant.
SICK_SETS = {"train": ["TRAIN"], "quiet": ["TRIAL", "TEST"], "shifted": ["TEST"]}
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
TYPOS = 6  # swaps of letters in a pair


def read_pairs(path: Path, role: str) -> pd.DataFrame:
    """Read JSON lines or tab-separated values, gzipped or not: premise, hypothesis, label.

    Pairs whose label is none of ours (``-``) are left out, and of SICK those of other splits.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        if ".jsonl" in path.name:
            rows = pd.DataFrame([json.loads(line) for line in lines])
        else:
            rows = pd.read_csv(lines, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False)
    if "SemEval_set" in rows:
        rows = rows[rows["SemEval_set"].isin(SICK_SETS[role])]
    rows = rows.rename(columns=OURS)
    rows["label"] = rows["label"].str.lower()
    kept = rows["label"].isin(LABELS) & (rows[TEXTS].map(str.strip) != "").all(axis=1)
    return rows[kept][[*TEXTS, "label"]].reset_index(drop=True)


def split_by_premise(pairs: pd.DataFrame, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """About so many rows, and the others; no premise is on both sides."""
    premises = pairs["premise"].drop_duplicates().sample(frac=1, random_state=0)
    sizes = premises.map(pairs["premise"].value_counts()).cumsum()
    first = pairs["premise"].isin(premises[sizes <= rows])
    return pairs[first].reset_index(drop=True), pairs[~first].reset_index(drop=True)


def with_typos(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with letters swapped in several of their long words."""
    random, texts = Random(13), []
    for pair in zip(pairs["premise"], pairs["hypothesis"]):
        for _ in range(TYPOS):
            pair = typo(pair, random) or pair
        texts.append(pair)
    return pairs.assign(premise=[p for p, _ in texts], hypothesis=[h for _, h in texts])


def train_bundle(
    pairs: pd.DataFrame, validation: pd.DataFrame, epochs: int, folder: Path
) -> Bundle:
    """Fine-tune the default encoder, export and calibrate it, as the pipelines do."""
    parameters = TrainingParameters(device="cpu", epochs=epochs)
    result = train(
        pairs,
        validation,
        parameters,
        encoder=locate_encoder(parameters),
        output=folder / "checkpoint",
    )
    export(
        *(result.checkpoint, folder / "payload", ExportParameters(), validation),
        max_length=parameters.max_length,
    )
    return save_pyfunc(folder / "payload", folder / "bundle")


def score(bundle: Bundle, pairs: pd.DataFrame) -> Pool:
    """Answer pairs with a bundle, and derive what the service would log of each."""
    classifier = Classifier.load(bundle.payload, threads=1)
    probabilities = classifier.predict_proba(*(pairs[text].tolist() for text in TEXTS))
    release = Release("nli", "1", bundle.digest, 1)
    deriver = Deriver(b"k" * 32, None, False, lambda _: bundle.path)
    answered = partial(Answered, "r", 0, "champion", NOW, "/predict", release)
    rows = [
        parse(deriver.record(answered(premise, hypothesis, tuple(p), 1.0)))[1]
        for premise, hypothesis, p in zip(*(pairs[text] for text in TEXTS), probabilities.tolist())
    ]
    by_name = dict(zip(ROW, zip(*rows)))
    columns = {
        name: np.array(by_name[name]) if name == "label" else np.array(by_name[name], np.float64)
        for name in COLUMNS
    }
    truth = np.array([LABELS.index(label) for label in pairs["label"]])
    return Pool(columns, truth, pd.factorize(pairs["premise"])[0])


def cached(path: Path, make: partial[Pool]) -> Pool:
    """The pool that is kept there, else a new one."""
    if not path.is_file():
        make().save(path)
    return Pool.load(path)


def read_all(paths: Sequence[Path], role: str) -> pd.DataFrame:
    """The pairs of several files."""
    return pd.concat([read_pairs(path, role) for path in paths], ignore_index=True)
