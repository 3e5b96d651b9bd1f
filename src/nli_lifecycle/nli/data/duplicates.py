"""The same pair more than once: kept once, or not at all where its labels disagree."""

from __future__ import annotations

import pandas as pd

#: Which of equal pairs stays: an official test set is left whole, the training set gives way.
_KEPT_FIRST = {"test": 0, "validation": 1, "train": 2, "": 3}


def resolve_duplicates(keys: pd.DataFrame) -> pd.DataFrame:
    """Decide which of equal pairs stays.

    Args:
        keys: rows with ``KEYS``, all rows of each ``fingerprint``; those of position -1 say which
            split an earlier run put the pair into.

    Returns:
        Rows with ``VERDICTS``, one for each row that has a position: ``verdict`` is empty for the
        one that stays, ``duplicate`` for further rows of the same pair and label,
        ``contradictory_duplicate`` for all rows of a pair that has several labels. The row that
        put a pair into its split stays before others, so that a second run decides as the first.
    """
    earlier = keys[keys["position"].lt(0)].drop_duplicates("fingerprint")
    rows = keys[keys["position"].ge(0)]
    known = rows["fingerprint"].map(earlier.set_index("fingerprint")["split"]).astype(object)
    verdicts = rows.assign(known=known, verdict="", verdict_detail="")
    repeated = rows["fingerprint"].duplicated(keep=False)
    if not repeated.any():
        return verdicts

    groups = verdicts.loc[repeated].assign(
        elsewhere=verdicts["split"].ne(verdicts["known"]),
        priority=verdicts["split"].map(_KEPT_FIRST),
    )
    groups = groups.sort_values(["fingerprint", "elsewhere", "priority", "position"])
    labels = groups.sort_values("position").drop_duplicates(["fingerprint", "label"])
    seen = labels.groupby("fingerprint")["label"].agg(", ".join)
    contradictory = groups["fingerprint"].map(seen).str.contains(",")
    first = ~groups["fingerprint"].duplicated()
    place = groups.loc[first].set_index("fingerprint")["place"]

    again = ~contradictory & ~first
    verdicts.loc[again.index[again], "verdict"] = "duplicate"
    verdicts.loc[again.index[again], "verdict_detail"] = "same pair and label as " + groups.loc[
        again, "fingerprint"
    ].map(place)
    several = contradictory.index[contradictory]
    verdicts.loc[several, "verdict"] = "contradictory_duplicate"
    verdicts.loc[several, "verdict_detail"] = "labels of this pair: " + groups.loc[
        several, "fingerprint"
    ].map(seen)
    return verdicts
