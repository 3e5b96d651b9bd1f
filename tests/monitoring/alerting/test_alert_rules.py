"""Alert rules: what parameters may say."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from nli_lifecycle.monitoring.alerting.rules import Rule

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
ABOUT = {"name": "fell", "sentence": "Look.", "finding": "realised_accuracy"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**ABOUT, "kind": "absolut", "below": 0.8}, "absolut"),
        ({**ABOUT, "below": 0.8}, "kind"),
        ({**ABOUT, "kind": "absolute"}, "rule 'fell': give either 'below' or 'above'"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "above": 0.9}, "either"),
        ({**ABOUT, "kind": "absolute", "below": float("nan")}, "finite"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "bellow": 0.9}, "Extra"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "n_of_m": {"n": 3, "m": 2}}, "n ≤ m"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "name": "Fell down"}, "pattern"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "sentence": ""}, "at least 1 character"),
        ({**ABOUT, "kind": "absolute", "below": 0.8, "severity": "fatal"}, "critical"),
        ({**ABOUT, "kind": "trend", "windows": 3}, "greater than or equal to 4"),
        ({**ABOUT, "kind": "drift", "effect": 0}, "greater than 0"),
        ({"name": "dead", "sentence": "Look.", "kind": "dead_man"}, "'silent_minutes'"),
        ({**ABOUT, "kind": "dead_man", "silent_minutes": 5}, "Extra"),
    ],
)
def test_a_rule_that_says_nothing_sensible_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        RULE.validate_python(given)


def test_only_findings_from_peoples_labels_are_labelled():
    labelled = RULE.validate_python({**ABOUT, "kind": "relative", "points": 3})
    estimated = labelled.model_copy(update={"finding": "estimated_accuracy"})
    dead = RULE.validate_python(
        {"name": "dead", "sentence": "Look.", "kind": "dead_man", "silent_minutes": 5}
    )
    assert (labelled.labelled, estimated.labelled, dead.labelled) == (True, False, False)


def test_rules_are_frozen():
    rule = RULE.validate_python({**ABOUT, "kind": "relative", "points": 3})
    with pytest.raises(ValidationError, match="frozen"):
        rule.points = 9
