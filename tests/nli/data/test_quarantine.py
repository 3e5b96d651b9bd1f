"""The quarantine's reasons: each is explained to users, each has its advice."""

import re

import pandas as pd
from project import PROJECT

from nli_lifecycle.nli.data.outcome import OUTCOME
from nli_lifecycle.nli.data.quarantine import REASONS, pair_excerpt, too_many
from nli_lifecycle.nli.data.raw.sources import SOURCES


def test_the_guide_explains_every_reason_and_every_source() -> None:
    guide = (PROJECT / "docs/data.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", guide, flags=re.MULTILINE)
    assert explained == [*SOURCES, *REASONS]


def test_the_message_leads_with_the_main_reason() -> None:
    rows = [
        ("too_long", "", 2, 1, "x:3", "30,000 characters, limit 20,000", "a | b"),
        ("empty_text", "", 1, 0, "x:2", "no premise", " | h"),
    ]
    outcome = pd.DataFrame(rows, columns=OUTCOME.names)
    assert str(too_many(outcome, 4, 3)) == (
        "3 of the 4 rows read cannot be used: too_long 2, empty_text 1.\n"
        "First at x:3: 30,000 characters, limit 20,000: 'a | b'\n"
        "What to do: raise data.max_characters, or shorten the texts."
    )


def test_excerpts_are_short() -> None:
    assert pair_excerpt("p" * 500, "h" * 500) == "p" * 80 + " | " + "h" * 80
