"""The same pair more than once: kept once, or not at all where its labels disagree."""

from __future__ import annotations

import pandas as pd

from nli_lifecycle.nli.data.quarantine import SetAside, pair_excerpt, quarantine_frame

#: Which of equal pairs stays: an official test set is left whole, the training set gives way.
_KEPT_FIRST = {"test": 0, "validation": 1, "train": 2, "": 3}


def remove_duplicates(landed: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep each pair once, and none of those whose labels contradict each other.

    Args:
        landed: landed pairs.

    Returns:
        The distinct pairs in their given order, and the rows set aside: further rows of the
        same pair and label (``duplicate``), and all rows of a pair that has several labels
        (``contradictory_duplicate``).
    """
    text, label = landed["fingerprint"], landed["label"]
    labels = landed.assign(label=label).drop_duplicates(["fingerprint", "label"])
    contradictory = set(labels.loc[labels["fingerprint"].duplicated(), "fingerprint"])
    contradicts = text.isin(contradictory)

    by_priority = landed["split"].map(_KEPT_FIRST).sort_values(kind="stable").index
    repeats = text.loc[by_priority].duplicated().reindex(landed.index) & ~contradicts

    first_place = landed.loc[by_priority].drop_duplicates("fingerprint")
    places = dict(zip(first_place["fingerprint"], first_place["place"]))
    seen = labels.loc[labels["fingerprint"].isin(contradictory)]
    all_labels = seen.groupby("fingerprint")["label"].agg(", ".join).to_dict()

    aside = []
    for row in landed.loc[contradicts | repeats].itertuples(index=False):
        key = str(row.fingerprint)
        reason, detail = "duplicate", f"same pair and label as {places[key]}"
        if key in contradictory:
            reason, detail = "contradictory_duplicate", f"labels of this pair: {all_labels[key]}"
        excerpt = pair_excerpt(str(row.premise), str(row.hypothesis))
        aside.append(SetAside(str(row.place), reason, detail, excerpt))
    return landed.loc[~(contradicts | repeats)].reset_index(drop=True), quarantine_frame(aside)
