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
        lasting: windows after it.
    """

    pairs: int
    reference: int
    windows: int
    calm: int
    lasting: int

    @classmethod
    def fitting(cls, available: int, pairs: int, reference: int) -> Sizes:
        """What a pool of so many pairs allows; a third of a small one is the reference."""
        reference = min(reference, available // 3)
        windows = (available - reference) // pairs
        calm = min(4, windows // 3)
        return cls(pairs, reference, windows, calm, min(8, windows - calm))


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
    """Reference and traffic from one pool, no pair twice.

    Means of parts drawn so differ as much as those of independent samples would: what the pool's
    limit takes from each part's variance, the parts' covariance gives back.

    Args:
        corpus: the pools.
        generator: of the draw.
        sizes: of the stream.
        together: whether pairs of one premise come one after the other.
    """
    places = _order(corpus.quiet, generator, together)
    before, rest = places[: sizes.reference], places[sizes.reference :]
    now = rest[: sizes.windows * sizes.pairs]
    return Stream(corpus.quiet.take(before), corpus.quiet.take(now))


def changed(
    corpus: Corpus,
    generator: np.random.Generator,
    sizes: Sizes,
    change: str,
    share: float,
) -> Stream:
    """Quiet traffic, and then a share of its pairs is changed.

    Args:
        corpus: the pools.
        generator: of the draw.
        sizes: of the stream.
        change: ``genres``, ``typos``, or ``labels``, which no longer mean what they meant.
        share: of the pairs.
    """
    places = _order(corpus.quiet, generator, False)
    rest = places[sizes.reference :][: (sizes.calm + sizes.lasting) * sizes.pairs]
    now = corpus.quiet.take(rest)
    if change == "genres":
        others = corpus.shifted.take(generator.integers(len(corpus.shifted.truth), size=len(rest)))
    elif change == "typos":
        others = corpus.typos.take(rest)
    else:
        others = shuffled(now, int(generator.integers(2**31)))
    is_changed = generator.random(len(rest)) < share
    is_changed[: sizes.calm * sizes.pairs] = False
    chosen = np.arange(len(rest)) + np.where(is_changed, len(rest), 0)
    return Stream(corpus.quiet.take(places[: sizes.reference]), (now + others).take(chosen))


def _order(pool: Pool, generator: np.random.Generator, together: bool) -> np.ndarray:
    if not together:
        return generator.permutation(len(pool.truth))
    return np.argsort(generator.permutation(pool.premise.max() + 1)[pool.premise], kind="stable")
