"""Quantifiers: what holds of all, most, some, few or none, and which way it carries over."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

QUANTIFIERS = (
    Claim(
        "quantifiers",
        affirmed=(
            "every {group} {broad.past}",
            "all the {group.plural} {broad.past}",
        ),
        denied=(
            "not every {group} {broad.past}",
            "at least one {group} did not {broad.base}",
        ),
        supports=(
            "every {group} {narrow.past}",
            "without exception, the {group.plural} {broad.past}",
            "every {group} {broad.past}, and every {rest} {habit.past}",
        ),
        refutes=(
            "no {group} {broad.past}",
            "a {trait} {group} did not {broad.base}",
            "only one {group} {broad.past}, and the others did not",
        ),
        leaves_open=(
            "every {trait} {group} {broad.past}",
            "every {rest} {narrow.past}",
            "at least one {group} {broad.past}",
            "no {rest} {broad.past}",
            "without exception, the {rest.plural} {broad.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("at least one {group} {broad.past}", "some {group} {broad.past}"),
        denied=("no {group} {broad.past}", "none of the {group.plural} {broad.past}"),
        supports=(
            "every {group} {narrow.past}",
            "a {trait} {group} {broad.past}",
            "several {group.plural} {narrow.past}",
            "most of the {group.plural} {broad.past}",
        ),
        refutes=(
            "not a single {group} {broad.past}",
            "there was no {group} who {broad.past}",
        ),
        leaves_open=(
            "no {trait} {group} {broad.past}",
            "every {rest} {broad.past}",
            "not every {group} {narrow.past}",
            "most of the {rest.plural} {narrow.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("no {trait} {group} {narrow.past}",),
        denied=("at least one {trait} {group} {narrow.past}",),
        supports=(
            "no {group} {broad.past}",
            "none of the {group.plural} {narrow.past}",
            "not a single {trait} {group} {broad.past}",
        ),
        refutes=(
            "every {trait} {group} {narrow.past}",
            "several {trait} {group.plural} {narrow.past}",
            "every {group} {narrow.past}, even the {trait} ones",
        ),
        leaves_open=(
            "no {group} {habit.past}",
            "no {trait} {rest} {broad.past}",
            "at least one {group} {narrow.past}",
            "not every {trait} {group} {narrow.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("most of the {group.plural} {broad.past}",),
        denied=("fewer than half of the {group.plural} {broad.past}",),
        supports=(
            "nearly all of the {group.plural} {narrow.past}",
            "nine of the ten {group.plural} {broad.past}",
            "all but one of the twenty {group.plural} {broad.past}",
        ),
        refutes=(
            "hardly any of the {group.plural} {broad.past}",
            "only two of the ten {group.plural} {broad.past}",
            "all but one of the twenty {group.plural} did not {broad.base}",
        ),
        leaves_open=(
            "nearly all of the {rest.plural} {broad.past}",
            "at least two of the ten {group.plural} {broad.past}",
            "hardly any of the {rest.plural} {narrow.past}",
            "the {trait} ones among the {group.plural} {broad.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("very few of the {group.plural} {narrow.past}",),
        denied=("many of the {group.plural} {narrow.past}",),
        supports=(
            "only one or two of the twenty {group.plural} {narrow.past}",
            "hardly any of the {group.plural} {broad.past}",
        ),
        refutes=(
            "eighteen of the twenty {group.plural} {narrow.past}",
            "nearly every {group} {narrow.past}",
        ),
        leaves_open=(
            "eighteen of the twenty {group.plural} {broad.past}",
            "only one or two of the twenty {rest.plural} {narrow.past}",
            "nearly every {rest} {broad.past}",
        ),
        held_out=True,
    ),
)
