"""What a rule says: PASS, FAIL or INCONCLUSIVE, and why, as a sentence with the figures."""

from __future__ import annotations

from typing import Literal

from nli_lifecycle.lifecycle.documents import Document

RuleOutcome = Literal["PASS", "FAIL", "INCONCLUSIVE"]


class RuleResult(Document):
    """What one rule says; an advisory one is for people and decides nothing."""

    rule: str
    outcome: RuleOutcome
    sentence: str
    advisory: bool = False


def place(*, reached: bool, missed: bool) -> RuleOutcome:
    """PASS where the figures reach what is asked, FAIL where they miss it, else INCONCLUSIVE.

    Every comparison with NaN is false, so that what was not measured properly is INCONCLUSIVE.
    """
    if reached:
        return "PASS"
    return "FAIL" if missed else "INCONCLUSIVE"
