"""Premises that are nearly the same: MinHash over their words and word pairs.

Broder (1997), *On the resemblance and containment of documents*: the share of equal minima of two
sets under random orders estimates their Jaccard similarity |A ∩ B| / |A ∪ B|. With 126 orders its
standard error at 0.8 is 3.6 points. Leskovec, Rajaraman, Ullman, *Mining of Massive Datasets*,
section 3.4: with 21 bands of 6, two premises of similarity s are compared with probability
1 - (1 - s⁶)²¹: 99.8% at 0.8, 93% at 0.7, 28% at 0.5.

A premise is compared within a band with the band's first premise only, and what is near the same
premise, over any number of steps, is one cluster.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nli_lifecycle.engines.table import Table
from nli_lifecycle.nli.data.overlap import fold
from nli_lifecycle.nli.data.schemas import BANDS, EDGES, SIGNATURES

BAND_COUNT = 21
BAND_ROWS = 6
ORDERS = BAND_COUNT * BAND_ROWS
SEED = 13

#: Premises whose words are in memory at a time.
SIGNED_ROWS = 4_096

#: Odd 64-bit multipliers that hash a band's six minima to one number.
_MULTIPLIERS = np.random.default_rng(SEED).integers(
    1, 2**63, BAND_ROWS, dtype=np.uint64
) | np.uint64(1)


def sign(premises: list[str]) -> list[bytes]:
    """Compute MinHash signatures.

    Args:
        premises: n texts.

    Returns:
        n times ``ORDERS`` minima, of each the low 16 bits: what two sets share by chance in them
        is one in 65,536. A signature can be compared, and not be read; but who has a guess at a
        text can check it.
    """
    from rensa import RMinHash

    signatures: list[bytes] = []
    for start in range(0, len(premises), SIGNED_ROWS):
        shingles = [_shingles(premise) for premise in premises[start : start + SIGNED_ROWS]]
        minima = RMinHash.digest_matrix_from_token_sets(shingles, ORDERS, SEED).to_rows()
        signatures += [row.tobytes() for row in np.array(minima, np.uint32).astype("<u2")]
    return signatures


def similarity(
    left: npt.NDArray[np.uint16], right: npt.NDArray[np.uint16]
) -> npt.NDArray[np.float64]:
    """Estimate Jaccard similarities of n pairs of signatures, shapes (n, ORDERS) → (n,)."""
    return np.asarray((left == right).mean(axis=1), dtype=np.float64)


def sign_premises(premises: pd.DataFrame) -> pd.DataFrame:
    """Sign each premise once.

    Args:
        premises: ``node`` and ``premise``, all rows of each node.

    Returns:
        Rows with ``SIGNATURES``.
    """
    distinct = premises.drop_duplicates("node")
    signatures = sign(distinct["premise"].tolist())
    nodes = distinct["node"].to_numpy()
    return pd.DataFrame({"node": nodes, "foreign": 0, "other": -1, "signature": signatures})


def find_near(signatures: Table, threshold: float) -> Table:
    """Find pairs of premises that are near each other.

    Args:
        signatures: rows with ``SIGNATURES``, ours and other environments'.
        threshold: least estimated similarity of near premises, 0 to 1.

    Returns:
        Rows with ``EDGES``, of which some may be there several times.
    """
    bands = signatures.map(_bands, BANDS)
    candidates = bands.group("band", _candidates, SIGNATURES)
    half = signatures.union(candidates).group("node", _carry, SIGNATURES)
    return signatures.union(half).group("node", partial(_verify, threshold), EDGES)


def cluster(edges: pd.DataFrame) -> pd.DataFrame:
    """Join near premises to clusters.

    Args:
        edges: rows with ``EDGES``. They are held in memory, 24 bytes for each near premise.

    Returns:
        Rows with ``CLUSTERS``: ``cluster`` is the least node of it.
    """
    ends = edges[["low", "high"]].to_numpy(np.int64).ravel()
    nodes, index = np.unique(ends, return_inverse=True)
    left, right = index.reshape(-1, 2).T
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(len(nodes),) * 2)
    count, member = connected_components(graph, directed=False)
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, member, nodes)
    leaked = np.zeros(count, dtype=np.int8)
    foreign = edges.loc[edges["foreign"].ge(0), "foreign"].to_numpy(np.int64)
    leaked[member[np.searchsorted(nodes, foreign)]] = 1
    return pd.DataFrame({"node": nodes, "cluster": least[member], "leaked": leaked[member]})


def _shingles(premise: str) -> list[str]:
    words = fold(premise).split()
    return list({*words, *map(" ".join, zip(words, words[1:]))}) or [premise]


def _minima(signatures: pd.Series[bytes]) -> npt.NDArray[np.uint16]:
    return np.frombuffer(b"".join(signatures), dtype="<u2").reshape(-1, ORDERS)


def _bands(signatures: pd.DataFrame) -> pd.DataFrame:
    """Each premise once in each band; a band's number and minima hash to its key."""
    minima = _minima(signatures["signature"]).astype(np.uint64)
    number = np.arange(BAND_COUNT, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    keys = (minima.reshape(-1, BAND_COUNT, BAND_ROWS) * _MULTIPLIERS).sum(axis=2) + number
    keys ^= keys >> np.uint64(29)
    nodes = np.repeat(signatures["node"].to_numpy(), BAND_COUNT)
    return pd.DataFrame({"band": keys.ravel().view(np.int64), "node": nodes})


def _candidates(bands: pd.DataFrame) -> pd.DataFrame:
    """Pair each premise of a band with the band's first."""
    shared = bands[bands["band"].duplicated(keep=False)].drop_duplicates()
    least = shared.groupby("band")["node"].transform("min")
    pairs = pd.DataFrame({"node": least, "other": shared["node"]})
    pairs = pairs[pairs["node"].ne(pairs["other"])].drop_duplicates()
    return pairs.assign(foreign=0, signature=None)


def _carry(rows: pd.DataFrame) -> pd.DataFrame:
    """Send each candidate the signature of the premise that it is to be compared with.

    A premise that is another environment's too needs no comparing: it is its own edge.
    """
    premises, asked = _premises(rows), rows[rows["other"].ge(0)]
    asked = asked.drop_duplicates(["node", "other"])
    found = premises.loc[asked["node"]]
    return pd.DataFrame(
        {
            "node": asked["other"].to_numpy(),
            "foreign": found["foreign"].to_numpy(),
            "other": asked["node"].to_numpy(),
            "signature": found["signature"].to_numpy(),
        }
    )


def _verify(threshold: float, rows: pd.DataFrame) -> pd.DataFrame:
    premises, asked = _premises(rows), rows[rows["other"].ge(0)]
    both = rows[rows["other"].lt(0)].groupby("node")["foreign"].nunique()
    shared = both.index[both.gt(1)].to_numpy(np.int64)
    edges = [pd.DataFrame({"low": shared, "high": shared, "foreign": shared})]
    if len(asked):
        found = premises.loc[asked["node"]]
        near = similarity(_minima(found["signature"]), _minima(asked["signature"])) >= threshold
        low, high = asked["other"].to_numpy()[near], asked["node"].to_numpy()[near]
        theirs = np.where(asked["foreign"].to_numpy()[near] > 0, low, -1)
        theirs = np.where(found["foreign"].to_numpy()[near] > 0, high, theirs)
        edges.append(pd.DataFrame({"low": low, "high": high, "foreign": theirs}))
    return pd.concat(edges, ignore_index=True)


def _premises(rows: pd.DataFrame) -> pd.DataFrame:
    """The premises themselves by node; one that is ours and foreign counts as foreign."""
    own = rows[rows["other"].lt(0)].sort_values("foreign", ascending=False)
    return own.drop_duplicates("node").set_index("node")
