"""Rows that are set aside: why, and what a user can do about it."""

from __future__ import annotations

from ast import literal_eval

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
    "bridge": "nothing: its premise is near premises of two splits, and would leak between them",
    "leaked": "nothing: its premise is near one that another environment trained on",
    "evaluation_premise": "nothing: feedback on a premise that this environment evaluates on",
}


def pair_excerpt(premise: str, hypothesis: str) -> str:
    """Return the beginnings of both texts, to recognise a row by."""
    return f"{premise[: EXCERPT // 2]} | {hypothesis[: EXCERPT // 2]}"


def too_many(aside: pd.DataFrame, rows_read: int, rows_aside: int) -> DataError:
    """Say why a run stops when most of its rows cannot be used.

    Args:
        aside: counts of the rows set aside, the most frequent first: ``reason``, ``value``,
            ``rows``, and the first row's ``place``, ``detail`` and ``excerpt``.
        rows_read: how many rows had been read.
        rows_aside: how many of them cannot be used.

    Returns:
        The error to raise: counts by reason, an example, and what to do about the main reason.
    """
    counts = aside.groupby("reason")["rows"].sum().sort_values(ascending=False, kind="stable")
    reason = str(counts.index[0])
    example = aside[aside["reason"].eq(reason)].sort_values("position").iloc[0]
    tally = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    advice = f"What to do: {REASONS[reason]}."
    if reason == "unknown_label":
        labels = aside[aside["reason"].eq(reason)].head(10)
        seen = ", ".join(f"{name} ({n:,})" for name, n in zip(labels["value"], labels["rows"]))
        mapping = "\n".join(
            f'      "{literal_eval(label)}": <entailment, neutral or contradiction>'
            for label in labels["value"]
        )
        advice = (
            f"Labels seen: {seen}.\nSay what they mean in conf/base/parameters_data.yml:\n"
            f"data:\n  options:\n    labels:\n{mapping}"
        )
    return DataError(
        f"{rows_aside:,} of the {rows_read:,} rows read cannot be used: {tally}.\n"
        f"First at {example['place']}: {example['detail'] or reason}: {example['excerpt']!r}\n"
        f"{advice}"
    )
