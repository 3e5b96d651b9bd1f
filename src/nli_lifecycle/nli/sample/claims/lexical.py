"""Word meaning: kinds of things, ways of doing, and the same in other words."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

LEXICAL = (
    Claim(
        "lexical",
        affirmed=("{a} {get.past} a {mid}",),
        denied=("{a} did not {get.base} a {mid}",),
        supports=(
            "{a} {get.past} a {leaf}",
            "the only thing that {a} {get.past} was a {leaf}",
            "{a} and {b} each {get.past} a {look} {leaf}",
        ),
        refutes=(
            "the only thing that {a} {get.past} was a {stranger}",
            "{a} did not {get.base} a {mid} of any sort",
            "{a} {get.past} nothing except a {look} {stranger}",
            "the one and only {kind} that {a} {get.past} was a {stranger}",
        ),
        leaves_open=(
            "the only thing that {a} {get.past} was a {kind}",
            "{a} {get.past} a {stranger}",
            "{b} {get.past} a {look} {leaf}",
            "{a} did not {get.base} a {leaf}",
            "{a} and {b} each {get.past} a {look} {kind}",
        ),
    ),
    Claim(
        "lexical",
        affirmed=("{a} {get.past} a {leaf}",),
        denied=("{a} did not {get.base} a {leaf}",),
        supports=(
            "the only thing that {a} {get.past} was a {leaf}",
            "{a} {get.past} a {look} {leaf}",
            "{a} {get.past} a {sibling} and a {look} {leaf}",
            "the {look} {mid} that {a} {get.past} was a {leaf}",
        ),
        refutes=(
            "the only thing that {a} {get.past} was a {sibling}",
            "{a} did not {get.base} a {mid} of any sort",
            "{a} {get.past} nothing except a {look} {sibling}",
            "the one and only {mid} that {a} {get.past} was a {sibling}",
        ),
        leaves_open=(
            "the only thing that {a} {get.past} was a {mid}",
            "{a} {get.past} a {look} {mid}",
            "{a} {get.past} a {sibling}",
            "{b} {get.past} a {look} {leaf}",
            "{a} did not {get.base} a {sibling}",
        ),
    ),
    Claim(
        "lexical",
        affirmed=("{a} {general.past}",),
        denied=("{a} did not {general.base}", "{a} never {general.past}"),
        supports=(
            "{a} {specific.past}",
            "{a} {aside.past} and then {specific.past}",
            "{a} and {b} both {specific.past}",
        ),
        refutes=(
            "{a} {aside.past} but did not {general.base}",
            "{a} and {b} did not {general.base} at any point",
            "nobody {general.past}, not even {a}",
        ),
        leaves_open=(
            "{a} {aside.past}",
            "{b} {specific.past}, and {a} {aside.past}",
            "{a} {aside.past} but did not {specific.base}",
            "{a} and {b} were both seen with {thing}",
        ),
    ),
    Claim(
        "lexical",
        affirmed=("{a} {specific.past}",),
        denied=("{a} did not {specific.base}", "{a} never {specific.past}"),
        supports=(
            "{a} {aside.past} and then {specific.past}",
            "{a} and {b} both {specific.past}",
            "{a} {specific.past} without any help",
        ),
        refutes=(
            "{a} {aside.past} but did not {general.base}",
            "{a} and {b} did not {general.base} at any point",
            "nobody {general.past}, not even {a}",
        ),
        leaves_open=(
            "{a} {general.past}",
            "{a} {aside.past} and then {general.past}",
            "{a} and {b} both {general.past}",
            "{b} {specific.past}, and {a} {aside.past}",
        ),
    ),
    Claim(
        "lexical",
        affirmed=("what {a} {get.past} was a {mid}",),
        denied=("what {a} {get.past} was not a {mid}",),
        supports=(
            "what {a} {get.past} was a {leaf}",
            "what {a} {get.past} was neither a {stranger} nor a {sibling} but a {leaf}",
        ),
        refutes=(
            "what {a} {get.past} was a {stranger}",
            "what {a} {get.past} was not a {leaf} but a {stranger}",
        ),
        leaves_open=(
            "what {a} {get.past} was a {look} {kind}",
            "what {a} {get.past} was not a {leaf}",
            "what {b} {get.past} was a {leaf}",
        ),
        held_out=True,
    ),
)

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
            "{a} did not {do.base}",
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
