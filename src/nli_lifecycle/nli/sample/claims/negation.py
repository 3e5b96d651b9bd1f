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
            "{a} remembered to {do.base}",
            "{a} did not leave without {do.ing}",
            "{a} was asked to {do.base} and did so",
            "{a} wanted to {do.base}, and managed to",
        ),
        refutes=(
            "the rumour that {a} {do.past} was false",
            "{a} failed to {do.base}",
            "{a} did not manage to {do.base}",
            "{a} forgot to {do.base}",
            "{a} was asked to {do.base} but refused",
            "{a} promised to {do.base} but never did",
            "{a} left without {do.ing}",
        ),
        leaves_open=(
            "{a} wanted to {do.base}",
            "{a} was not asked to {do.base}",
            "the rumour that {b} {do.past} was false",
            "{b} did not fail to {do.base}",
            "{a} left without {other.ing}",
            "{a} forgot to {other.base}",
            "{b} managed to {do.base}",
            "{a} did not leave without {other.ing}",
            "{a} promised to {do.base}",
        ),
    ),
    Claim(
        "negation",
        affirmed=("{a} or {b} {do.past}",),
        denied=("nobody {do.past}", "no one at all {do.past}"),
        supports=(
            "it was {a} who {do.past}",
            "{b} {do.past}, and nobody else did",
            "{c} asked {a} to {do.base}, and {a} did so",
            "the claim that neither {a} nor {b} {do.past} was false",
        ),
        refutes=(
            "{do.unpassive} by anyone",
            "nobody remembered to {do.base}",
            "neither {a} nor {b} {do.past}, and nor did anyone else",
            "the claim that someone {do.past} was false",
        ),
        leaves_open=(
            "{c} wanted to {do.base}",
            "{a} did not {do.base}",
            "the claim that {c} {other.past} was false",
            "neither {a} nor {c} {do.past}",
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
