"""Train, validation and test: the source's own splits, or a stable hash of the premise.

Premises that are near each other go together, and a pair that was once in a split stays there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

import numpy as np
import pandas as pd
import pyarrow as pa

from nli_lifecycle.nli.data.pairs import SPLITS, DataError, assign_splits
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.parameters import SplitShares

#: The source of pairs whose labels came back from production.
FEEDBACK = "feedback"

#: Digits of a fingerprint by which pairs are gathered to compute the data version.
BUCKET_DIGITS = 2

BUCKET_DIGESTS = pa.schema([pa.field("bucket", pa.string()), pa.field("digest", pa.string())])


@dataclass(frozen=True)
class SplitRule:
    """How rows get their split.

    Attributes:
        official: the source's own splits decide.
        validation: the source has a validation split; otherwise it is taken out of train.
        shares: shares of premises where no official split decides.
    """

    official: bool
    validation: bool
    shares: SplitShares

    @property
    def key(self) -> str:
        """Identifies the rule: pairs that another rule put into a split are divided anew."""
        shares = self.shares
        text = f"{self.official} {shares.train:.9f} {shares.validation:.9f} {shares.test:.9f}"
        return sha256(text.encode()).hexdigest()[:8]


def split_rule(names: dict[str, int], shares: SplitShares) -> SplitRule:
    """Choose the rule: the source's own splits decide if every row has one.

    Args:
        names: official split → usable rows that have it; an empty name for rows without one,
            ``feedback`` for feedback, which does not count.
        shares: shares of premises where no official split decides.
    """
    given = {name for name, rows in names.items() if rows} - {FEEDBACK}
    return SplitRule(given - {"validation"} == {"train", "test"}, "validation" in given, shares)


def divide(rows: pd.DataFrame, rule: SplitRule, quarantine_leaks: bool) -> pd.DataFrame:
    """Put rows into splits.

    A row whose pair is in a split already stays there. Otherwise its official split decides, or
    where there is none: the split that its premise is in already, or its premise's cluster, or
    the hash of the cluster's least premise.

    Args:
        rows: rows with ``UNDIVIDED``, all of each ``cluster``.
        rule: how rows get their split.
        quarantine_leaks: set new rows aside whose premise is near another environment's.

    Returns:
        Rows with ``DIVIDED``. ``split_reason`` says why a row is in no split: ``bridge`` if its
        cluster is in several already, ``leaked`` as asked for, ``evaluation_premise`` for
        feedback on a cluster that is held out.
    """
    node, cluster = rows["node"], rows["cluster"]
    feedback = rows["source"].eq(FEEDBACK)
    shares = rule.shares
    official = _given(rows["official"], rows["official"].ne("") & rule.official & ~feedback)
    settled = rows["known"].where(rows["known"].notna(), official)
    if rule.official and not rule.validation:  # train and validation share what train has
        shares = _within_train(shares)
        settled = _given(settled, rows["known"].notna() | official.eq("test"))
    new = settled.isna()
    decisive = _given(settled, ~new & ~(settled.eq("test") & bool(shares.test == 0)))

    by_node, by_cluster = (_places(decisive, key) for key in (node, cluster))
    hashed = pd.Series(assign_splits(cluster.to_numpy(np.int64), shares), index=rows.index)
    if rule.shares.train:
        hashed = hashed.mask(feedback.groupby(cluster).transform("all"), "train")
    assigned = settled
    for choice in (by_node["first"].where(by_node["nunique"].eq(1)), by_cluster["first"], hashed):
        assigned = assigned.where(assigned.notna(), choice)

    reason = pd.Series("", index=rows.index)
    detail = pd.Series("", index=rows.index)

    def set_aside(which: pd.Series[bool], why: str, particulars: str) -> None:
        reason[which], detail[which] = why, particulars

    torn = by_cluster["nunique"].gt(1) & by_node["nunique"].ne(1)
    set_aside(
        new & torn & (not rule.official), "bridge", "near premises that are in several splits"
    )
    if rule.shares.train:
        held_out = (settled.notna() & settled.ne("train")).groupby(cluster).transform("any")
        what = "its premise, or one near it, is held out for evaluation"
        on_held_out = held_out | assigned.ne("train")
        set_aside(new & feedback & on_held_out, "evaluation_premise", what)
    if quarantine_leaks:
        what = "its premise, or one near it, was trained on in another environment"
        set_aside(rows["leaked"].eq(1) & rows["known"].isna(), "leaked", what)
    return pd.DataFrame(
        {
            "position": rows["position"],
            "assigned": assigned.where(reason.eq(""), ""),
            "split_reason": reason,
            "split_detail": detail,
        }
    )


def _given(values: pd.Series[str], where: pd.Series[bool]) -> pd.Series[str]:
    return values.astype(object).mask(~where)


def _places(splits: pd.Series[str], key: pd.Series[int]) -> pd.DataFrame:
    """Each row's key's splits: how many, and the first."""
    places = splits.dropna().groupby(key).agg(["nunique", "first"])
    return pd.DataFrame(
        {
            "nunique": key.map(places["nunique"]).fillna(0),
            "first": key.map(places["first"]).astype(object),
        }
    )


def digest_buckets(fingerprints: pd.DataFrame) -> pd.DataFrame:
    """Digest the pairs of each bucket, whatever their order.

    Args:
        fingerprints: rows with ``BUCKETED``, all of each ``bucket``.

    Returns:
        Rows with ``BUCKET_DIGESTS``.
    """
    columns = (fingerprints[name] for name in ("fingerprint", "label", "split"))
    lines = sorted(map(" ".join, zip(*columns)))
    digests = {
        bucket: sha256("\n".join(part).encode()).hexdigest()
        for bucket, part in groupby(lines, key=itemgetter(slice(BUCKET_DIGITS)))
    }
    return pd.DataFrame({"bucket": list(digests), "digest": list(digests.values())})


def data_version(buckets: pd.DataFrame) -> str:
    """Identify a data set by its content: texts, labels and splits, whatever the rows' order.

    Args:
        buckets: rows with ``BUCKET_DIGESTS``, every bucket that has pairs.

    Returns:
        64 hexadecimal digits (sha256).
    """
    ordered = buckets.sort_values("bucket")
    lines = (f"{bucket} {digest}\n" for bucket, digest in zip(ordered["bucket"], ordered["digest"]))
    return sha256("".join(lines).encode()).hexdigest()


def check_splits(rows: dict[str, int], labels: dict[str, dict[str, int]], rule: SplitRule) -> None:
    """Refuse splits that cannot be worked with.

    Args:
        rows: split → pairs.
        labels: split → label → pairs.
        rule: how rows got their split.

    Raises:
        DataError: when a split that should have rows has none, or train lacks a label.
    """
    expected = (
        {"train", "test"}
        if rule.official
        else {name for name in SPLITS if getattr(rule.shares, name) > 0}
    )
    empty = [name for name in SPLITS if name in expected and not rows[name]]
    if empty:
        raise DataError(
            f"The {' and '.join(empty)} split got no row of the {sum(rows.values()):,} usable "
            "ones. Give more pairs, or other shares in data.splits."
        )
    absent = [label for label in LABELS if not labels["train"].get(label)]
    if absent and rows["train"]:
        counts = {label: count for label, count in labels["train"].items() if count}
        raise DataError(
            f"No training pair is labelled {' or '.join(absent)}; there are {counts}. A model "
            "of three labels cannot be trained on this. Add such pairs, or check "
            "data.options.labels."
        )


def _within_train(shares: SplitShares) -> SplitShares:
    """Rescale train and validation to share the official training set between them."""
    both = shares.train + shares.validation
    part = shares.validation / both if both else 0.0
    return SplitShares(train=1 - part, validation=part, test=0.0)
