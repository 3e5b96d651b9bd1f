"""Scenes: quiet traffic as the reference was, or traffic changed in one way by a known amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from monitored.pool import Pool
from monitored.streams import Corpus, Stream, shuffled

QUIET, TOGETHER = "quiet", "quiet, pairs of a premise together"
FIVE = "5 points"

Change = tuple[str, float]  # what is changed, and in which share of the pairs


@dataclass(frozen=True)
class Sizes:
    """How long streams are.

    Attributes:
        pairs: of a window.
        reference: pairs of the evaluation set.
        windows: of a quiet stream.
        calm: quiet windows before a change.
        lasting: windows after it; found later counts as found in the last.
    """

    pairs: int
    reference: int
    windows: int = 30
    calm: int = 4
    lasting: int = 10


def is_quiet(scene: str) -> bool:
    """Whether nothing changes in it."""
    return scene in (QUIET, TOGETHER)


def scenes_of(corpus: Corpus) -> dict[str, Change | None]:
    """The scenes that these pools allow; None: nothing is changed."""
    found: dict[str, Change | None] = {QUIET: None, TOGETHER: None}
    for change, share in corpus.shares().items():
        if share < 1:
            found[f"{change}, {FIVE}"] = change, share
        found[f"{change}, all"] = change, 1.0
    return found


@dataclass(frozen=True)
class Draw:
    """Draws streams; the same scene and number give the same stream."""

    corpus: Corpus
    sizes: Sizes
    scenes: dict[str, Change | None]
    seed: int

    def __call__(self, scene: str, number: int) -> Stream:
        """A stream of a scene."""
        generator = np.random.default_rng([self.seed, number])
        change = self.scenes[scene]
        if change is None:
            return quiet(self.corpus, generator, self.sizes, scene == TOGETHER)
        return changed(self.corpus, generator, self.sizes, *change)


def quiet(
    corpus: Corpus, generator: np.random.Generator, sizes: Sizes, together: bool = False
) -> Stream:
    """Reference and traffic, drawn from one pool with replacement.

    Args:
        corpus: the pools.
        generator: of the draw.
        sizes: of the stream.
        together: whether premises are drawn, each with all its pairs, one after the other.
    """
    rows = sizes.windows * sizes.pairs
    places = _drawn(corpus.quiet, generator, sizes.reference + rows, together)
    before, now = places[: sizes.reference], places[sizes.reference :]
    return Stream(corpus.quiet.take(before), corpus.quiet.take(now))


def changed(
    corpus: Corpus, generator: np.random.Generator, sizes: Sizes, change: str, share: float
) -> Stream:
    """Quiet traffic, and then a share of its pairs is changed.

    Args:
        corpus: the pools.
        generator: of the draw.
        sizes: of the stream.
        change: ``genres``, ``typos``, or ``labels``, which no longer mean what they meant.
        share: of the pairs.
    """
    rows = (sizes.calm + sizes.lasting) * sizes.pairs
    places = _drawn(corpus.quiet, generator, sizes.reference + rows)
    before, rest = places[: sizes.reference], places[sizes.reference :]
    now = corpus.quiet.take(rest)
    if change == "genres":
        others = corpus.shifted.take(_drawn(corpus.shifted, generator, rows))
    elif change == "typos":
        others = corpus.typos.take(rest)
    else:
        others = shuffled(now, int(generator.integers(2**31)))
    is_changed = generator.random(rows) < share
    is_changed[: sizes.calm * sizes.pairs] = False
    chosen = np.arange(rows) + np.where(is_changed, rows, 0)
    return Stream(corpus.quiet.take(before), (now + others).take(chosen))


def _drawn(
    pool: Pool, generator: np.random.Generator, rows: int, together: bool = False
) -> np.ndarray:
    """Places of so many pairs."""
    if not together:
        return generator.integers(len(pool.truth), size=rows)
    order = np.argsort(pool.premise, kind="stable")
    begin = np.searchsorted(pool.premise[order], np.arange(pool.premise.max() + 2))
    premises = generator.integers(len(begin) - 1, size=rows)  # each has a pair, or more
    return order[np.concatenate([np.arange(begin[p], begin[p + 1]) for p in premises])][:rows]
