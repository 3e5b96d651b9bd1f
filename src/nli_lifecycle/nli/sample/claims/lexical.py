"""Word meaning: kinds of things and ways of doing."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

LEXICAL = (
    Claim(
        "lexical",
        affirmed=("{a} {get.past} a {mid}",),
        denied=("{a} did not {get.base} a {mid}",),
        supports=(
            "{a} {get.past} a {look} {leaf}",
            "{a} {get.past} a {leaf}",
            "{a} and {b} each {get.past} a {look} {leaf}",
        ),
        refutes=(
            "the only thing that {a} {get.past} was a {stranger}",
            "{a} did not {get.base} a {mid} of any sort",
            "{a} {get.past} nothing except a {look} {stranger}",
        ),
        leaves_open=(
            "{a} {get.past} a {kind}",
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
            "{a} {get.past} a {look} {leaf}",
            "{a} {get.past} a {sibling} and a {look} {leaf}",
            "the {look} {mid} that {a} {get.past} was a {leaf}",
        ),
        refutes=(
            "the only thing that {a} {get.past} was a {sibling}",
            "{a} did not {get.base} a {mid} of any sort",
            "{a} {get.past} nothing except a {look} {sibling}",
        ),
        leaves_open=(
            "{a} {get.past} a {mid}",
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
            "{a} did not {specific.base}",
            "{a} {aside.past}",
            "{b} {specific.past}, and {a} {aside.past}",
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
            "{a} {aside.past}",
            "{a} {general.past}",
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
