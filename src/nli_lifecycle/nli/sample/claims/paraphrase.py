"""The same in other words."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

PARAPHRASE = (
    Claim(
        "paraphrase",
        affirmed=("{a} {same.past}",),
        denied=("{a} did not {same.base}",),
        supports=(
            "{a} {do.past}",
            "{a} had already {do.perfect}",
            "{do.passive} by {a}",
            "{a} was asked to {do.base} and did so",
            "{a} was among those who {do.past}",
        ),
        refutes=(
            "{a} did not {do.base}",
            "{a} had not {do.perfect}",
            "{do.unpassive} by {a}",
            "{a} wanted to {do.base} but never did",
            "{a} was not among those who {do.past}",
        ),
        leaves_open=(
            "{a} wanted to {do.base}",
            "{do.passive} by {b}",
            "{do.unpassive} by {b}",
            "{b} was among those who {do.past}",
            "{b} {do.past}",
            "{a} {other.past}",
            "{a} did not {other.base}",
            "{b} had not {do.perfect}",
        ),
    ),
    Claim(
        "paraphrase",
        affirmed=("it took {a} {n} minutes to {do.base}",),
        denied=("it did not take {a} {n} minutes to {do.base}",),
        supports=(
            "{a} needed {n} minutes to {do.base}",
            "{a} {do.past}, which took {n} minutes",
        ),
        refutes=(
            "{a} needed only one minute to {do.base}",
            "{a} {do.past} in less than a minute",
        ),
        leaves_open=(
            "{b} needed {n} minutes to {do.base}",
            "{a} {do.past}, but nobody timed it",
            "{a} needed {n} minutes to {other.base}",
        ),
    ),
    Claim(
        "paraphrase",
        affirmed=("{a} owned the {leaf}", "the {leaf} was the property of {a}"),
        denied=("{a} did not own the {leaf}", "the {leaf} was not the property of {a}"),
        supports=(
            "the {leaf} belonged to {a}",
            "{a} was the owner of the {leaf}",
        ),
        refutes=(
            "the {leaf} belonged to {b} and to nobody else",
            "the {leaf} did not belong to {a}",
            "{b} was the sole owner of the {leaf}",
        ),
        leaves_open=(
            "the {leaf} was next to {a}",
            "the {sibling} belonged to {b} and to nobody else",
            "the {sibling} belonged to {a}",
            "{a} described the {look} {leaf}",
            "the {sibling} did not belong to {a}",
        ),
    ),
    Claim(
        "paraphrase",
        affirmed=("{a} had a home in {city}",),
        denied=("{a} had no home in {city}",),
        supports=(
            "{a} and {b} lived together in {city}",
            "the house in which {a} lived was in {city}",
        ),
        refutes=(
            "the only home that {a} had was in {town}",
            "{b} had a home in {city}, but {a} did not",
        ),
        leaves_open=(
            "{a} often worked in {city}",
            "{b} lived in {city}, not far from a friend of {a}",
            "{a} had never been to {town}",
        ),
        held_out=True,
    ),
)
