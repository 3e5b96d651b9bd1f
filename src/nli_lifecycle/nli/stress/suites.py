"""The built-in stress suites, each a small evaluation set of its own."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pandas as pd

from nli_lifecycle.nli.labels import CONTRADICTION, ENTAILMENT, LABELS
from nli_lifecycle.nli.stress.edits import EDITS
from nli_lifecycle.nli.stress.scoring import STRESS_COLUMNS
from nli_lifecycle.nli.stress.traps import TRAPS, draw_traps

Row = tuple[str, str, str, str]  # premise, hypothesis, label, origin


def build_stress_pairs(test_pairs: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Build every suite: from the grammar, by edits of the user's pairs, and by invariants.

    Args:
        test_pairs: the user's own pairs; few of them make small suites, none leave suites out.
        rows: at most so many pairs a suite; 0: none.
        seed: the same seed and pairs give the same suites.

    Returns:
        ``STRESS_COLUMNS``; ``kind`` is ``grammar``, ``edited`` or ``invariant``.
    """
    built: list[tuple[str, ...]] = []
    for kind, suite, pairs in _suites(test_pairs, rows, seed):
        for number, (premise, hypothesis, label, origin) in enumerate(pairs):
            name = f"{kind}/{suite}/{number}"
            built.append((suite, kind, name, premise, hypothesis, label, origin))
    return pd.DataFrame(built, columns=STRESS_COLUMNS, dtype=object)


def _suites(test_pairs: pd.DataFrame, rows: int, seed: int) -> Iterator[tuple[str, str, list[Row]]]:
    if not rows:
        return
    for suite in TRAPS:
        yield "grammar", suite, [(*pair, "") for pair in draw_traps(suite, rows, seed)]
    for suite, edit in EDITS.items():
        random, pairs = Random(f"{suite}/{seed}"), list[Row]()
        for row in _balanced(test_pairs, rows, seed).itertuples(index=False):
            edited = edit((str(row.premise), str(row.hypothesis)), random)
            if edited:
                pairs.append((*edited, str(row.label), str(row.pair_id)))
        yield "edited", suite, pairs
    premises = _sample(test_pairs.drop_duplicates("premise"), rows, seed)
    yield "invariant", "identity", [
        (premise, premise, ENTAILMENT, pair_id)
        for premise, pair_id in zip(premises["premise"], premises["pair_id"])
    ]
    opposed = _sample(test_pairs.loc[test_pairs["label"] == CONTRADICTION], rows, seed)
    yield "invariant", "symmetry", [
        (hypothesis, premise, CONTRADICTION, pair_id)
        for premise, hypothesis, pair_id in zip(
            opposed["premise"], opposed["hypothesis"], opposed["pair_id"]
        )
    ]


def _balanced(pairs: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """As many pairs of each label as there are, a third of ``rows`` at most."""
    parts = [
        _sample(pairs.loc[pairs["label"] == label], max(1, rows // len(LABELS)), seed)
        for label in LABELS
    ]
    return pd.concat(parts).head(rows)


def _sample(pairs: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    return pairs.sample(min(rows, len(pairs)), random_state=seed)
