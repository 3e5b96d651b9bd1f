"""Coordination and relative clauses."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

COORDINATION = (
    Claim(
        "coordination",
        affirmed=("{a} {do.past}",),
        denied=("{a} did not {do.base}",),
        supports=(
            "{a} {do.past}, and so did {b}",
            "{a} {other.past} and {do.past}",
            "both {a} and {b} {do.past}",
        ),
        refutes=(
            "{b} {do.past}, but {a} did not",
            "{a} {other.past} but did not {do.base}",
            "neither {a} nor {b} {do.past}",
        ),
        leaves_open=(
            "{b} {do.past}, but {c} did not",
            "{a} {other.past} or {do.past}",
            "either {a} or {b} {do.past}",
            "{b} {do.past}, and {a} {other.past}",
        ),
    ),
    Claim(
        "coordination",
        affirmed=("both {a} and {b} {do.past}",),
        denied=("{a} and {b} did not both {do.base}",),
        supports=(
            "{a} {do.past}, and so did {b}",
            "{a}, {b} and {c} {do.past}",
            "{a} {other.past} and {do.past}, and {b} {do.past} too",
        ),
        refutes=(
            "{a} {do.past}, but {b} did not",
            "neither {a} nor {b} {do.past}",
            "of {a}, {b} and {c}, only {c} {do.past}",
        ),
        leaves_open=(
            "{c} {do.past}, and so did {a}",
            "neither {b} nor {c} {other.past}",
            "at least one of {a} and {b} {do.past}",
            "{a}, {b} or {c} {do.past}",
        ),
    ),
    Claim(
        "coordination",
        affirmed=("{a} or {b} {do.past}",),
        denied=("neither {a} nor {b} {do.past}",),
        supports=(
            "{a} {do.past}, and so did {b}",
            "{a} {other.past} and {do.past}",
        ),
        refutes=(
            "{a} did not {do.base}, and nor did {b}",
            "of {a}, {b} and {c}, only {c} {do.past}",
        ),
        leaves_open=(
            "{c} {do.past}, and {b} did not {other.base}",
            "{a}, {b} or {c} {do.past}",
            "{c} {do.past}, and {a} {other.past}",
        ),
    ),
)

RELATIVE = (
    Claim(
        "relative_clause",
        affirmed=("{p} {do.past}",),
        denied=("{p} did not {do.base}",),
        supports=(
            "{p}, who {deed.past} {q}, {do.past}",
            "{p}, whom {q} {deed.past}, {do.past}",
            "{p}, who {do.past}, {other.past}",
        ),
        refutes=(
            "{p}, who {deed.past} {q}, did not {do.base}",
            "{p}, whom {q} {deed.past}, did not {do.base}",
            "{p}, who did not {do.base}, {other.past}",
        ),
        leaves_open=(
            "{q}, who {deed.past} {r}, {do.past}",
            "{p}, who {deed.past} {q}, did not {other.base}",
            "{p}, whom {q} {deed.past}, {other.past}",
            "{q}, who {deed.past} {r}, did not {do.base}",
        ),
    ),
    Claim(
        "relative_clause",
        affirmed=("{p} {deed.past} {q}",),
        denied=("{p} did not {deed.base} {q}",),
        supports=(
            "{q}, whom {p} {deed.past}, {do.past}",
            "{p}, who {deed.past} {q}, {do.past}",
        ),
        refutes=(
            "{q}, whom {p} did not {deed.base}, {do.past}",
            "{p}, who did not {deed.base} {q}, {do.past}",
        ),
        leaves_open=(
            "{r}, whom {p} {deed.past}, {do.past}",
            "{p}, who {deed.past} {r}, did not {do.base}",
            "{r}, who did not {deed.base} {q}, {do.past}",
        ),
    ),
    Claim(
        "relative_clause",
        affirmed=("the {leaf} that {a} {get.past} was {look}",),
        denied=("the {leaf} that {a} {get.past} was not {look}",),
        supports=(
            "{a} {get.past} a {leaf}, which was {look}",
            "the {leaf}, which {a} {get.past}, was {look} and {look2}",
        ),
        refutes=(
            "{a} {get.past} a {leaf}, which was not {look}",
            "the {leaf}, which {a} {get.past}, was {look2} but not {look}",
        ),
        leaves_open=(
            "{a} {get.past} a {leaf}, which was {look2}",
            "the {leaf}, which {a} {get.past}, lay beside a {look} {sibling}",
        ),
        held_out=True,
    ),
)
