"""Numerals and comparatives."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

NUMERALS = (
    Claim(
        "numerals",
        affirmed=("{a} {get.past} more than {n} {leaf.plural}",),
        denied=(
            "{a} {get.past} no more than {n} {leaf.plural}",
            "{a} did not {get.base} more than {n} {leaf.plural}",
        ),
        supports=(
            "{a} {get.past} more than {more} {leaf.plural}",
            "{a} {get.past} {more} {leaf.plural}",
            "{a} {get.past} {more} {leaf.plural} and {few} {sibling.plural}",
        ),
        refutes=(
            "{a} {get.past} only {few} {leaf.plural}",
            "{a} {get.past} fewer than {few} {leaf.plural}",
        ),
        leaves_open=(
            "{a} {get.past} at least {few} {leaf.plural}",
            "{a} {get.past} {more} {sibling.plural}",
            "{a} {get.past} {few} {sibling.plural} and not one more",
            "{b} {get.past} only {few} {leaf.plural}",
        ),
    ),
    Claim(
        "numerals",
        affirmed=("{a} {get.past} exactly {n} {leaf.plural}",),
        denied=("{a} did not {get.base} exactly {n} {leaf.plural}",),
        supports=(
            "{a} {get.past} {n} {leaf.plural}, no more and no fewer",
            "the number of {leaf.plural} that {a} {get.past} was {n}",
        ),
        refutes=(
            "{a} {get.past} {more} {leaf.plural}, no more and no fewer",
            "the number of {leaf.plural} that {a} {get.past} was {few}",
            "{a} {get.past} only {few} {leaf.plural}",
        ),
        leaves_open=(
            "{a} {get.past} fewer than {more} {leaf.plural}",
            "{b} {get.past} {n} {leaf.plural}, no more and no fewer",
            "the number of {sibling.plural} that {a} {get.past} was {n}",
        ),
    ),
    Claim(
        "numerals",
        affirmed=("{a} {get.past} more {leaf.plural} than {b}",),
        denied=(
            "{a} did not {get.base} more {leaf.plural} than {b}",
            "{a} {get.past} no more {leaf.plural} than {b}",
        ),
        supports=(
            "{a} {get.past} {n} {leaf.plural}, while {b} {get.past} none",
            "{a} {get.past} many more {leaf.plural} than {b} and {c}",
            "{a} {get.past} twice as many {leaf.plural} as {b}",
        ),
        refutes=(
            "{a} {get.past} no {leaf.plural}, while {b} {get.past} {n}",
            "{a} {get.past} fewer {leaf.plural} than {b}",
            "{a} {get.past} exactly as many {leaf.plural} as {b}",
        ),
        leaves_open=(
            "{a} {get.past} many more {sibling.plural} than {b}",
            "{a} {get.past} fewer {sibling.plural} than {b}",
            "{a} {get.past} exactly as many {leaf.plural} as {c}",
        ),
    ),
    Claim(
        "comparatives",
        affirmed=("{a} was {better} than {b}",),
        denied=(
            "{a} was not {better} than {b}",
            "{a} was no {better} than {b}",
        ),
        supports=(
            "{a} was much {better} than {b}",
            "{a} was {better} than both {b} and {c}",
        ),
        refutes=(
            "{a} was {worse} than {b}",
            "{a} was exactly as {plain} as {b}",
            "{a} was {worse} than both {b} and {c}",
        ),
        leaves_open=(
            "{a} was much {better} than {c}",
            "{a} was {worse} than {c}",
            "{a} was {better2} than {b}",
            "{a} was exactly as {plain} as {c}",
        ),
    ),
    Claim(
        "comparatives",
        affirmed=("{a} was {better} than {b}",),
        denied=("{a} was not {better} than {b}",),
        supports=(
            "{a} was {better} than {c}, who was {better} than {b}",
            "{b} was much {worse} than {a}",
        ),
        refutes=(
            "{a} was {worse} than {c}, who was {worse} than {b}",
            "{b} was much {better} than {a}",
        ),
        leaves_open=(
            "{a} was {better} than {c}, who was {worse} than {b}",
            "{b} was {worse} than {c}, who was {better} than {a}",
        ),
        held_out=True,
    ),
    Claim(
        "numerals",
        affirmed=("{a} {get.past} at least {n} {leaf.plural}",),
        denied=("{a} {get.past} fewer than {n} {leaf.plural}",),
        supports=(
            "{a} {get.past} more than {n} {leaf.plural}",
            "{a} {get.past} no fewer than {more} {leaf.plural}",
        ),
        refutes=(
            "{a} {get.past} no more than {few} {leaf.plural}",
            "{a} {get.past} exactly {few} {leaf.plural}",
        ),
        leaves_open=(
            "{a} {get.past} more than {few} {leaf.plural}",
            "{a} {get.past} no more than {more} {leaf.plural}",
            "{b} {get.past} no more than {few} {leaf.plural}",
        ),
        held_out=True,
    ),
)
