"""Rows that are set aside: why, and what a user can do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.raw.lines import EXCERPT

#: Every reason, with what to do where it hits many rows. ``docs/data.md`` explains them.
REASONS: dict[str, str] = {
    "undecodable_bytes": "set data.options.encoding to the file's own, often cp1252",
    "invalid_unicode": "repair the half surrogate pairs (\\ud800 …) where the file is made",
    "invalid_json": "give JSON lines: one object on each line",
    "wrong_field_count": "set data.options.delimiter and data.options.quoting to the file's own",
    "unclosed_quote": "set data.options.quoting to none if the file's quotes are plain text",
    "stray_quote": "set data.options.quoting to none if the file's quotes are plain text",
    "wrong_type": "give texts and numbers, not lists or objects",
    "empty_text": "check data.options.columns: premise and hypothesis must both hold text",
    "too_long": "raise data.max_characters, or shorten the texts",
    "no_gold_label": "use files that have labels: empty, '-' and -1 say that there is none",
    "unknown_label": "map the file's labels in data.options.labels",
    "unknown_split": "map the file's splits in data.options.splits, or set data.official_splits",
    "duplicate": "nothing: the same pair with the same label is kept once",
    "contradictory_duplicate": "decide which label is right and remove the other row",
}

QUARANTINE_COLUMNS: list[str] = ["place", "reason", "detail", "excerpt"]


class SetAside(NamedTuple):
    """One quarantined row: its origin, a key of ``REASONS``, the particulars, its beginning."""

    place: str
    reason: str
    detail: str
    excerpt: str


def quarantine_frame(rows: Iterable[SetAside]) -> pd.DataFrame:
    """Make the table of quarantined rows.

    Args:
        rows: the rows set aside, in the order in which they were read.

    Returns:
        A frame with ``QUARANTINE_COLUMNS``, all texts; its columns are there without rows too.
    """
    return pd.DataFrame(list(rows), columns=QUARANTINE_COLUMNS, dtype=object)


def pair_excerpt(premise: str, hypothesis: str) -> str:
    """Return the beginnings of both texts, to recognise a row by."""
    return f"{premise[: EXCERPT // 2]} | {hypothesis[: EXCERPT // 2]}"


def too_many(rows: list[SetAside], rows_read: int, unknown_labels: Counter[str]) -> DataError:
    """Say why a run stops when most of its rows cannot be used.

    Args:
        rows: the rows set aside, at least one.
        rows_read: how many rows had been read.
        unknown_labels: labels without a meaning, with their counts.

    Returns:
        The error to raise: counts by reason, an example, and what to do about the main reason.
    """
    counts = Counter(row.reason for row in rows)
    reason = counts.most_common(1)[0][0]
    example = next(row for row in rows if row.reason == reason)
    tally = ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
    advice = f"What to do: {REASONS[reason]}."
    if reason == "unknown_label":
        seen = ", ".join(f"{label!r} ({n:,})" for label, n in unknown_labels.most_common(10))
        mapping = "\n".join(
            f'      "{label}": <entailment, neutral or contradiction>'
            for label, _ in unknown_labels.most_common(10)
        )
        advice = (
            f"Labels seen: {seen}.\nSay what they mean in conf/base/parameters_data.yml:\n"
            f"data:\n  options:\n    labels:\n{mapping}"
        )
    return DataError(
        f"{len(rows):,} of the {rows_read:,} rows read cannot be used: {tally}.\n"
        f"First at {example.place}: {example.detail or reason}: {example.excerpt!r}\n{advice}"
    )
