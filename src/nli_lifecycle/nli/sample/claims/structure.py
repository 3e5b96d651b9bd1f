"""Who did what to whom: voice, datives, coordination, relative clauses."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

VOICE = (
    Claim(
        "voice",
        affirmed=("{b} was {deed.perfect} by {a}", "{a} {deed.past} {b}"),
        denied=("{b} was not {deed.perfect} by {a}", "{a} did not {deed.base} {b}"),
        supports=(
            "{a} {deed.past} {b} and {c}",
            "{b} was {deed.perfect} by {a} as well as by {c}",
            "it was {b} who was {deed.perfect} by {a}",
            "it was {a} who {deed.past} {b}",
        ),
        refutes=(
            "{a} {deed.past} neither {b} nor {c}",
            "{b} was {deed.perfect} by {c} but not by {a}",
            "{b} was not {deed.perfect} by anyone",
            "it was {c} and not {a} who {deed.past} {b}",
        ),
        leaves_open=(
            "{b} {deed.past} {a}",
            "{a} was {deed.perfect} by {b} and {c}",
            "{a} was not {deed.perfect} by {b}",
            "it was {a} who {deed.past} {c}",
            "{b} {deed.past} neither {a} nor {c}",
            "{a} was {deed.perfect} by {c} but not by {b}",
            "it was {c} and not {b} who {deed.past} {a}",
        ),
    ),
    Claim(
        "voice",
        affirmed=("{do.passive} by {a}", "{a} {do.past}"),
        denied=("{do.unpassive} by {a}", "{a} did not {do.base}"),
        supports=(
            "it was {a} who {do.past}",
            "{do.passive} by {a} on {day}",
            "{do.passive} by {a} and not by {b}",
        ),
        refutes=(
            "it was {b} and not {a} who {do.past}",
            "{do.unpassive} by anyone",
            "{do.passive} by {b} and not by {a}",
        ),
        leaves_open=(
            "it was {a} who {other.past}",
            "{do.unpassive} by {b}",
            "it was {b} and not {c} who {other.past}",
            "{other.passive} by {a} and not by {b}",
        ),
    ),
    Claim(
        "voice",
        affirmed=("{a} was the one {b} {deed.past}",),
        denied=("{a} was not {deed.perfect} by {b}",),
        supports=(
            "{a} was {deed.perfect} only by {b}",
            "{b} {deed.past} {a} and nobody else",
        ),
        refutes=(
            "{a} was {deed.perfect} by everyone except {b}",
            "{b} {deed.past} {c} and nobody else",
        ),
        leaves_open=(
            "{b} was {deed.perfect} only by {a}",
            "{a} {deed.past} {b} and nobody else",
            "{a} was {deed.perfect} by {c}",
        ),
        held_out=True,
    ),
)

DATIVE = (
    Claim(
        "dative",
        affirmed=(
            "{a} {transfer.past} {b} a {leaf}",
            "{a} {transfer.past} a {leaf} to {b}",
            "{b} was {transfer.perfect} a {leaf} by {a}",
        ),
        denied=(
            "{a} did not {transfer.base} {b} a {leaf}",
            "{a} did not {transfer.base} a {leaf} to {b}",
            "{b} was not {transfer.perfect} a {leaf} by {a}",
        ),
        supports=(
            "{a} {transfer.past} a {look} {leaf} to {b}",
            "{a} {transfer.past} {b} a {look} {leaf}",
            "a {leaf} was {transfer.perfect} to {b} by {a}",
            "what {a} {transfer.past} to {b} was a {leaf}",
        ),
        refutes=(
            "{a} {transfer.past} {b} nothing",
            "{a} {transfer.past} a {leaf} to {c} but not to {b}",
            "no {leaf} was {transfer.perfect} to {b} by {a}",
            "the only thing that {a} {transfer.past} to {b} was a {sibling}",
        ),
        leaves_open=(
            "{b} {transfer.past} {a} a {leaf}",
            "{b} {transfer.past} {a} nothing",
            "{b} {transfer.past} a {leaf} to {c} but not to {a}",
            "what {b} {transfer.past} to {a} was a {leaf}",
            "{a} {transfer.past} {c} a {look} {leaf}",
            "a {leaf} was {transfer.perfect} to {a} by {b}",
            "no {leaf} was {transfer.perfect} to {a} by {b}",
            "{a} {transfer.past} a {mid} to {b}",
        ),
    ),
)

COORDINATION = (
    Claim(
        "coordination",
        affirmed=("{a} {do.past}",),
        denied=("{a} did not {do.base}",),
        supports=(
            "{a} {other.past} and {do.past}",
            "both {a} and {b} {do.past}",
            "{b} {other.past}, and {a} {do.past}",
            "{a} {do.past}, and {b} or {c} {other.past}",
        ),
        refutes=(
            "{a} {other.past} but did not {do.base}",
            "neither {a} nor {b} {do.past}",
            "{b} or {c} {do.past}, but {a} did not",
        ),
        leaves_open=(
            "{b} {do.past}, but {c} did not",
            "neither {b} nor {c} {do.past}",
            "{a} {other.past} or {do.past}",
            "either {a} or {b} {do.past}",
            "{a} and {b} did not both {do.base}",
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
            "{a} {do.past}, and so did {c}",
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
            "{b} {do.past}, and so did {c}",
            "{b} or {a} {do.past}, but {c} did not",
            "{a} {other.past} and {do.past}",
        ),
        refutes=(
            "{a} did not {do.base}, and nor did {b}",
            "of {a}, {b} and {c}, only {c} {do.past}",
        ),
        leaves_open=(
            "{a} did not {do.base}, and nor did {c}",
            "{c} {do.past}, but {a} did not",
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
            "{q} {deed.past} {p}, who {do.past}",
            "{p}, who {do.past}, {other.past}",
        ),
        refutes=(
            "{p}, who {deed.past} {q}, did not {do.base}",
            "{p}, whom {q} {deed.past}, did not {do.base}",
            "{q} {deed.past} {p}, who did not {do.base}",
            "{p}, who did not {do.base}, {other.past}",
        ),
        leaves_open=(
            "{q}, who {deed.past} {p}, {do.past}",
            "{q}, whom {p} {deed.past}, did not {do.base}",
            "{p} {deed.past} {q}, who {do.past}",
            "{p} {deed.past} {q}, who did not {do.base}",
            "{p}, who {deed.past} {q}, {other.past}",
        ),
    ),
    Claim(
        "relative_clause",
        affirmed=("{p} {deed.past} {q}",),
        denied=("{p} did not {deed.base} {q}",),
        supports=(
            "{q}, whom {p} {deed.past}, {do.past}",
            "{p}, who {deed.past} {q}, {do.past}",
            "{q}, whom {p} {deed.past}, did not {do.base}",
        ),
        refutes=(
            "{q}, whom {p} did not {deed.base}, {do.past}",
            "{p}, who did not {deed.base} {q}, {do.past}",
            "{q}, whom nobody {deed.past}, did not {do.base}",
        ),
        leaves_open=(
            "{p}, whom {q} {deed.past}, {do.past}",
            "{q}, who {deed.past} {p}, did not {do.base}",
            "{p}, whom {q} did not {deed.base}, {do.past}",
            "{q}, who did not {deed.base} {p}, {do.past}",
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
