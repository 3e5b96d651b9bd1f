"""The columns of every table of data_engineering, as Arrow types."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from nli_lifecycle.nli.data.pairs import FINGERPRINT_COLUMNS, PAIR_COLUMNS

#: Why a row was set aside, the particulars, and its beginning; empty for a row that was not.
ASIDE_COLUMNS: list[str] = ["reason", "detail", "excerpt"]

#: Rows of one landed part; a row's position is its part's number times this, plus its own.
PART_ROWS = 2**40


def _texts(names: Sequence[str]) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in names]


def landed_schema(keep: Sequence[str]) -> pa.Schema:
    """Raw rows in our own fields, all texts as the file has them, or unreadable ones as they came.

    Args:
        keep: columns carried along.
    """
    names = [*PAIR_COLUMNS, "split", *keep, "place", *ASIDE_COLUMNS]
    return pa.schema([pa.field("position", pa.int64()), *_texts(names)])


def judged_schema(keep: Sequence[str]) -> pa.Schema:
    """Landed rows, normalised and identified, or set aside with a reason; ``node`` is a number
    that stands for the premise."""
    names = [*PAIR_COLUMNS, *FINGERPRINT_COLUMNS, "split", *keep, "place", *ASIDE_COLUMNS]
    numbers = [pa.field("position", pa.int64()), pa.field("node", pa.int64())]
    return pa.schema([*numbers, *_texts(names)])


def pair_schema(keep: Sequence[str]) -> pa.Schema:
    """Pairs of one split, as training and evaluation read them."""
    return pa.schema(_texts([*PAIR_COLUMNS, *FINGERPRINT_COLUMNS, *keep]))


#: What removing duplicates and dividing into splits need to know of a pair; rows of position -1
#: are pairs that an earlier run has put into ``split``.
KEYS = pa.schema(
    [
        pa.field("position", pa.int64()),
        pa.field("node", pa.int64()),
        *_texts(["fingerprint", "label", "split", "place", "source"]),
    ]
)

#: What removing duplicates says of a row; ``known`` is the split that its pair is in already.
VERDICTS = pa.schema(
    [pa.field("position", pa.int64()), *_texts(["verdict", "verdict_detail", "known"])]
)

#: A row that stays, before its split is decided.
UNDIVIDED = pa.schema(
    [
        pa.field("position", pa.int64()),
        pa.field("node", pa.int64()),
        pa.field("cluster", pa.int64()),
        pa.field("leaked", pa.int8()),
        *_texts(["official", "known", "source"]),
    ]
)

#: A row's split, or why it can be in none.
DIVIDED = pa.schema(
    [
        pa.field("position", pa.int64()),
        *_texts(["assigned", "split_reason", "split_detail"]),
    ]
)

#: A premise and its MinHash signature; ``foreign`` ones are another environment's.
SIGNATURES = pa.schema(
    [
        pa.field("node", pa.int64()),
        pa.field("foreign", pa.int8()),
        pa.field("other", pa.int64()),  # an edge's other end, -1 for a premise itself
        pa.field("signature", pa.binary()),
    ]
)

#: A premise's place in one band of the index.
BANDS = pa.schema([pa.field("band", pa.int64()), pa.field("node", pa.int64())])

#: Two premises that are near each other, and which of them are another environment's.
EDGES = pa.schema(
    [
        pa.field("low", pa.int64()),
        pa.field("high", pa.int64()),
        pa.field("foreign", pa.int64()),  # the foreign end, -1 for none
    ]
)

#: Premises with a near one: their cluster, and whether another environment trained on it.
CLUSTERS = pa.schema(
    [
        pa.field("node", pa.int64()),
        pa.field("cluster", pa.int64()),
        pa.field("leaked", pa.int8()),
    ]
)

#: A premise kept, or its signature; what the other half says is null.
PREMISE_SIGNATURES = pa.schema(
    [
        pa.field("node", pa.int64()),
        pa.field("premise_fingerprint", pa.string()),
        pa.field("trained", pa.int8()),
        pa.field("signature", pa.binary()),
    ]
)

#: Pairs gathered by the first digits of their fingerprints.
BUCKETED = pa.schema(_texts(["bucket", "fingerprint", "label", "split"]))

#: Premises as other environments may see them: no text.
SHARED_SIGNATURES = pa.schema(
    [
        pa.field("premise_fingerprint", pa.string()),
        pa.field("trained", pa.int8()),
        pa.field("signature", pa.binary()),
    ]
)

#: What identifies a pair, its split, and the rule that put it there.
FINGERPRINTS = pa.schema(_texts([*FINGERPRINT_COLUMNS, "label", "split", "rule"]))

QUARANTINE = pa.schema(_texts(["place", *ASIDE_COLUMNS]))
