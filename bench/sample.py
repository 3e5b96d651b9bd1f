"""What the sample corpus gives away, and how often it repeats itself.

    python bench/sample.py            # full comparison
    python bench/sample.py --quick    # near-duplicates against 500 pairs instead of all

Each environment is judged on its test split; dev fits on its train split, staging and prod,
which have none, on half of their pairs. `hypothesis_only` and `premise_only` are linear
classifiers over the words of one side, `overlap_only` one over the Jaccard similarity of the two
sides' words, the share of the hypothesis' words that the premise has, and the difference in
length. A majority answer scores a third. A near-duplicate has a partner with a token Jaccard
similarity of at least 0.9 over premise and hypothesis together.
"""

from __future__ import annotations

import argparse
import json
import re
import time

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nli_lifecycle.nli.data.baseline import hypothesis_only
from nli_lifecycle.nli.sample import SAMPLE_VERSION, generate

NEAR = 0.9  # token Jaccard similarity from which two pairs count as near-duplicates
CHUNK = 500  # pairs compared at once: 500 × 8,000 similarities are 32 MB


def fit_and_test(pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split off what the baselines fit on; staging and prod have no train split."""
    train, test = pairs[pairs["split"] == "train"], pairs[pairs["split"] == "test"]
    return (train, test) if len(train) else (test[::2], test[1::2])


def overlap(pairs: pd.DataFrame) -> NDArray[np.float64]:
    """Measure what the two sides share, without regard to which words."""
    rows = []
    for premise, hypothesis in zip(pairs["premise"], pairs["hypothesis"]):
        left, right = (re.findall(r"[\w'-]+", text.lower()) for text in (premise, hypothesis))
        shared = len(set(left) & set(right))
        rows.append(
            (
                shared / len(set(left) | set(right)),
                sum(word in left for word in right) / len(right),
                len(left) - len(right),
            )
        )
    return np.array(rows, dtype=np.float64)


def overlap_only(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Accuracy of a linear classifier over the overlap features."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    classifier.fit(overlap(train), train["label"])
    return float(classifier.score(overlap(test), test["label"]))


def near_duplicate_rate(pairs: pd.DataFrame, others: pd.DataFrame) -> float:
    """Share of pairs that have a near-duplicate among others, not counting the pair itself."""
    texts, partners = (frame["premise"] + " " + frame["hypothesis"] for frame in (pairs, others))
    words = CountVectorizer(binary=True, token_pattern=r"[\w'-]+", dtype=np.int32)
    words.fit(pd.concat([texts, partners]))
    left, right = words.transform(texts), words.transform(partners)
    sizes_left, sizes_right = (np.asarray(m.sum(axis=1)).ravel() for m in (left, right))
    itself = pairs["pair_id"].isin(others["pair_id"]).to_numpy()
    near = np.zeros(len(pairs), dtype=np.int64)
    for start in range(0, len(pairs), CHUNK):
        rows = slice(start, start + CHUNK)
        shared = (left[rows] @ right.T).toarray()
        similarity = shared / (sizes_left[rows, None] + sizes_right[None] - shared)
        near[rows] = (similarity >= NEAR).sum(axis=1)
    return float((near > itself).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="compare 500 pairs, not all")
    quick = parser.parse_args().quick

    frames, seconds = {}, {}
    for environment in ("dev", "staging", "prod"):
        started = time.process_time()
        frames[environment] = pd.DataFrame(generate(environment))
        seconds[environment] = time.process_time() - started

    results = {}
    for environment, pairs in frames.items():
        train, test = fit_and_test(pairs)
        by_hypothesis = hypothesis_only(train, test)
        by_premise = hypothesis_only(
            train.assign(hypothesis=train["premise"]), test.assign(hypothesis=test["premise"])
        )
        assert by_hypothesis is not None and by_premise is not None
        compared = test.sample(min(len(test), 500 if quick else len(test)), random_state=0)
        dev = frames["dev"]
        results[environment] = {
            "pairs": len(pairs),
            "majority": round(by_hypothesis.majority, 4),
            "hypothesis_only": round(by_hypothesis.accuracy, 4),
            "premise_only": round(by_premise.accuracy, 4),
            "overlap_only": round(overlap_only(train, test), 4),
            "near_duplicates_within": round(near_duplicate_rate(compared, test), 4),
            "near_duplicates_of_dev_train": round(
                near_duplicate_rate(compared, dev[dev["split"] == "train"]), 4
            ),
            "seconds": round(seconds[environment], 2),
        }

    table = Table(title=f"Sample corpus, version {SAMPLE_VERSION}")
    table.add_column("")
    for environment in results:
        table.add_column(environment, justify="right")
    for measure in results["dev"]:
        table.add_row(measure, *(f"{result[measure]:g}" for result in results.values()))
    Console().print(table)
    print(json.dumps({"version": SAMPLE_VERSION, "quick": quick, **results}))


if __name__ == "__main__":
    main()
