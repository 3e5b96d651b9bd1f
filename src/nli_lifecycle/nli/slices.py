"""Slices: parts of an evaluation set that may tell another story than the whole.

Few and broad on purpose: bounds hold for all slices at once, so every further one widens them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: More values than this make a column no slicing but an identifier.
MOST_VALUES = 50

WORD = re.compile(r"\w+(?:['’]\w+)*")
NEGATION = re.compile(
    r"\b(?:not|no|nobody|none|nothing|never|neither|nor|nowhere|without|cannot)\b|n['’]t\b", re.I
)
NUMERAL = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred"
    r"|thousand|million)\b",
    re.I,
)


class SliceError(ValueError):
    """A slice of the user's own that cannot be made."""


@dataclass(frozen=True)
class Slice:
    """Some rows of an evaluation set: ``rows`` is a flag per row, shape (n,)."""

    kind: str
    name: str
    rows: npt.NDArray[np.bool_]


def find_slices(
    pairs: pd.DataFrame, columns: Sequence[str] = (), functions: Sequence[str] = ()
) -> list[Slice]:
    """Cut an evaluation set into slices; a row is in as many as fit it.

    Args:
        pairs: premise, hypothesis, label, genre, and whatever ``columns`` name.
        columns: each value of these is a slice.
        functions: ``package.module:function``, each from the pairs to a flag or a name per row.

    Returns:
        The slices that hold any row.

    Raises:
        SliceError: a column or function that is not there, or gives no slices.
    """
    found = list(_genres(pairs["genre"]))
    for kind, name_rows in BUILT_IN.items():
        found += _by_name(kind, name_rows(pairs))
    for column in columns:
        found += _by_name(column, _column(pairs, column))
    for path in functions:
        found += _by_name(path.rpartition(":")[2].replace("_", " "), _call(path, pairs))
    return found


def by_label(pairs: pd.DataFrame) -> pd.Series:
    """Each label."""
    return pairs["label"]


def by_premise_length(pairs: pd.DataFrame) -> pd.Series:
    """Words of the premise."""
    return _bands(_words(pairs["premise"]), (8, 16, 32), " words")


def by_hypothesis_length(pairs: pd.DataFrame) -> pd.Series:
    """Words of the hypothesis."""
    return _bands(_words(pairs["hypothesis"]), (5, 10), " words")


def by_negation(pairs: pd.DataFrame) -> pd.Series:
    """Where a word of negation stands."""
    return _where(pairs, NEGATION)


def by_numerals(pairs: pd.DataFrame) -> pd.Series:
    """Where a number stands, in digits or words."""
    return _where(pairs, NUMERAL)


def by_overlap(pairs: pd.DataFrame) -> pd.Series:
    """Share of the hypothesis' words that the premise holds."""
    shares = pd.Series(
        [
            _overlap(premise, hypothesis)
            for premise, hypothesis in zip(pairs["premise"], pairs["hypothesis"])
        ],
        index=pairs.index,
        dtype=float,
    )
    names = ["under a half", "a half or more", "every word"]
    return pd.Series(np.select([shares < 0.5, shares < 1], names[:2], names[2]), index=pairs.index)


BUILT_IN: dict[str, Callable[[pd.DataFrame], pd.Series]] = {
    "label": by_label,
    "premise length": by_premise_length,
    "hypothesis length": by_hypothesis_length,
    "negation": by_negation,
    "numerals": by_numerals,
    "overlap": by_overlap,
}


def _genres(genres: pd.Series) -> Iterator[Slice]:
    """A genre such as ``negation/kitchen`` belongs to a slice for each of its parts."""
    parts = genres.fillna("").map(lambda genre: {part for part in str(genre).split("/") if part})
    names = sorted(set().union(*parts)) if len(parts) else []
    if len(names) > MOST_VALUES:
        return
    for name in names:
        yield Slice("genre", name, parts.map(lambda found: name in found).to_numpy(dtype=bool))


def _by_name(kind: str, names: pd.Series) -> Iterator[Slice]:
    """One slice per name; rows without a name are in none."""
    known = names.dropna()
    if known.nunique() > MOST_VALUES:
        raise SliceError(
            f"Slices by {kind!r} would be {known.nunique():,}, more than {MOST_VALUES}: each would "
            "be too small to judge. Group its values first."
        )
    for name in sorted(known.astype(str).unique()):
        if name:
            yield Slice(kind, name, (names.astype(str) == name).to_numpy(dtype=bool))


def _column(pairs: pd.DataFrame, column: str) -> pd.Series:
    if column not in pairs:
        near = get_close_matches(column, list(pairs.columns), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SliceError(
            f"evaluation.slices.columns: the pairs have no column {column!r} but "
            f"{', '.join(pairs.columns)}.{hint} data.options.keep carries further columns along."
        )
    return pairs[column]


def _call(path: str, pairs: pd.DataFrame) -> pd.Series:
    """Run a function of the user's on the pairs and check what it gives."""
    module, _, name = path.partition(":")
    where = f"evaluation.slices.functions: {path!r}"
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SliceError(
            f"{where} cannot be imported ({error}). Write package.module:function."
        ) from error
    try:
        answer: Any = function(pairs.copy())
    except Exception as error:  # the user's code is not ours to foresee
        raise SliceError(f"{where} failed: {type(error).__name__}: {error}.") from error
    try:
        names = pd.Series(np.asarray(answer), index=pairs.index)
    except ValueError:
        raise SliceError(f"{where} must give one value per row, {len(pairs)} of them.") from None
    if names.dtype == bool:
        return names.map({True: "yes", False: "no"})
    if not names.dropna().map(lambda value: isinstance(value, str)).all():
        raise SliceError(f"{where} must give flags or names, not {names.dtype}.")
    return names


def _words(texts: pd.Series) -> pd.Series:
    return texts.map(lambda text: len(WORD.findall(text)))


def _bands(counts: pd.Series, edges: Sequence[int], unit: str) -> pd.Series:
    """Names such as ``1–8 words``, ``9–16 words``, ``over 16 words``."""
    lows = [0, *(edge + 1 for edge in edges)]
    names = [f"{low}–{edge}{unit}" for low, edge in zip(lows, edges)] + [f"over {edges[-1]}{unit}"]
    return counts.map(lambda count: names[int(np.searchsorted(edges, count))])


def _where(pairs: pd.DataFrame, pattern: re.Pattern[str]) -> pd.Series:
    premise = pairs["premise"].map(lambda text: bool(pattern.search(text)))
    hypothesis = pairs["hypothesis"].map(lambda text: bool(pattern.search(text)))
    names = {
        (True, True): "in both",
        (True, False): "in the premise",
        (False, True): "in the hypothesis",
        (False, False): "in neither",
    }
    return pd.Series(
        [names[found] for found in zip(premise, hypothesis)], index=pairs.index, dtype=object
    )


def _overlap(premise: str, hypothesis: str) -> float:
    words = [word.casefold() for word in WORD.findall(hypothesis)]
    there = {word.casefold() for word in WORD.findall(premise)}
    return sum(word in there for word in words) / len(words) if words else 0.0
