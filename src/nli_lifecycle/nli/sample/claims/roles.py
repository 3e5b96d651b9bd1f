"""Who did what to whom: active and passive, both datives."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

VOICE = (
    Claim(
        "voice",
        affirmed=(
            "{b} was {deed.perfect} by {a}",
            "{a} {deed.past} {b}",
        ),
        denied=(
            "{b} was not {deed.perfect} by {a}",
            "{a} did not {deed.base} {b}",
        ),
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
            "{c} {deed.past} {b}",
            "{b} {deed.past} {a}",
            "{b} was {deed.perfect} by {c}",
            "it was {a} who {deed.past} {c}",
            "{c} was not {deed.perfect} by anyone",
        ),
    ),
    Claim(
        "voice",
        affirmed=("{do.passive} by {a}", "{a} {do.past}"),
        denied=("{do.unpassive} by {a}", "{a} did not {do.base}"),
        supports=(
            "it was {a} who {do.past}",
            "{do.passive} by {a} on {day}",
        ),
        refutes=(
            "it was {b} and not {a} who {do.past}",
            "{do.unpassive} by anyone",
        ),
        leaves_open=(
            "{other.passive} by {a} on {day}",
            "it was {a} who {other.past}",
            "{do.unpassive} by {b}",
            "it was {b} and not {c} who {other.past}",
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
            "{a} {transfer.past} {c} a {look} {leaf}",
            "no {leaf} was {transfer.perfect} to {b} by {c}",
            "what {c} {transfer.past} to {b} was a {leaf}",
            "{a} {transfer.past} a {mid} to {b}",
        ),
    ),
)
