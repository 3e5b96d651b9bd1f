"""Negation, double negation, and verbs that say whether something was done at all."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

NEGATION = (
    Claim(
        "negation",
        affirmed=("{a} {do.past}",),
        denied=("{a} did not {do.base}", "{a} never {do.past}"),
        supports=(
            "the rumour that {a} did not {do.base} was false",
            "{a} did not fail to {do.base}",
            "{a} managed to {do.base}",
            "{a} did not leave without {do.ing}",
            "{a} was asked to {do.base} and did so",
        ),
        refutes=(
            "the rumour that {a} {do.past} was false",
            "{a} failed to {do.base}",
            "{a} forgot to {do.base}",
            "{a} was asked to {do.base} but refused",
            "{a} left without {do.ing}",
        ),
        leaves_open=(
            "{a} wanted to {do.base}",
            "{a} was not asked to {do.base}",
            "the rumour that {b} {do.past} was false",
            "{b} did not fail to {do.base}",
            "{a} left without {other.ing}",
            "{a} did not leave without {other.ing}",
        ),
    ),
    Claim(
        "negation",
        affirmed=("{a} or {b} {do.past}",),
        denied=("nobody {do.past}", "no one at all {do.past}"),
        supports=(
            "both {a} and {b} {do.past}",
            "it was {b} who {do.past}",
            "it was {a} who {do.past}",
        ),
        refutes=(
            "{do.unpassive} by anyone",
            "neither {a} nor {b} {do.past}, and nor did anyone else",
            "the claim that someone {do.past} was false",
        ),
        leaves_open=(
            "{c} wanted to {do.base}",
            "the claim that {c} {other.past} was false",
            "{other.unpassive} by anyone",
            "nobody but {c} was asked to {do.base}",
        ),
    ),
    Claim(
        "negation",
        affirmed=("{a} bothered to {do.base}",),
        denied=("{a} did not bother to {do.base}",),
        supports=(
            "{a} did not neglect to {do.base}",
            "{a} took the trouble to {do.base}",
            "{a} went to the trouble of {do.ing}",
        ),
        refutes=(
            "{a} neglected to {do.base}",
            "{a} did not take the trouble to {do.base}",
            "{a} could not be bothered to {do.base}",
        ),
        leaves_open=(
            "{a} did not plan to {other.base}",
            "{b} neglected to {do.base}",
            "{a} hoped not to have to {do.base}",
        ),
        held_out=True,
    ),
)
