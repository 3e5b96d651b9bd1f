"""The quarantine's reasons: each is explained to users, each has its advice."""

import re
from collections import Counter

import pandas as pd
from project import PROJECT

from nli_lifecycle.nli.data.quarantine import (
    QUARANTINE_COLUMNS,
    REASONS,
    SetAside,
    pair_excerpt,
    quarantine_frame,
    too_many,
)
from nli_lifecycle.nli.data.raw.sources import SOURCES


def test_the_guide_explains_every_reason_and_every_source() -> None:
    guide = (PROJECT / "docs/data.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", guide, flags=re.MULTILINE)
    assert explained == [*SOURCES, *REASONS]


def test_the_message_leads_with_the_main_reason() -> None:
    rows = [
        SetAside("x:2", "empty_text", "no premise", " | h"),
        SetAside("x:3", "too_long", "30,000 characters, limit 20,000", "a | b"),
        SetAside("x:4", "too_long", "40,000 characters, limit 20,000", "c | d"),
    ]
    assert str(too_many(rows, 4, Counter())) == (
        "3 of the 4 rows read cannot be used: too_long 2, empty_text 1.\n"
        "First at x:3: 30,000 characters, limit 20,000: 'a | b'\n"
        "What to do: raise data.max_characters, or shorten the texts."
    )


def test_an_empty_quarantine_has_its_columns() -> None:
    frame = quarantine_frame([])
    assert list(frame.columns) == QUARANTINE_COLUMNS
    assert isinstance(frame, pd.DataFrame) and frame.empty


def test_excerpts_are_short() -> None:
    assert pair_excerpt("p" * 500, "h" * 500) == "p" * 80 + " | " + "h" * 80
