"""Time: what came before what, and by when."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

ORDER = (
    Claim(
        "order",
        affirmed=("{a} {do.past} before {b} {other.past}",),
        denied=("{a} {do.past} after {b} {other.past}",),
        supports=(
            "first {a} {do.past}, and then {b} {other.past}",
            "{a} {do.past} long before {b} {other.past}",
        ),
        refutes=(
            "first {b} {other.past}, and then {a} {do.past}",
            "{a} {do.past} long after {b} {other.past}",
        ),
        leaves_open=(
            "{a} {do.past} long before {c} {other.past}",
            "first {c} {do.past}, and then {b} {other.past}",
            "{a} {do.past} after {c} {third.past}",
        ),
    ),
    Claim(
        "order",
        affirmed=("{a} {do.past} before {other.ing}",),
        denied=("{a} {do.past} after {other.ing}",),
        supports=(
            "{a} {do.past} long before {other.ing}",
            "first {a} {do.past}, and then {a} {other.past}",
        ),
        refutes=(
            "{a} {do.past} long after {other.ing}",
            "first {a} {other.past}, and then {a} {do.past}",
        ),
        leaves_open=(
            "{a} {do.past} long after {third.ing}",
            "first {a} {do.past}, and then {a} {third.past}",
            "{a} {do.past} long before {third.ing}",
        ),
    ),
    Claim(
        "order",
        affirmed=("{a} {do.past} before noon",),
        denied=("{a} {do.past} in the afternoon",),
        supports=(
            "early in the morning, {a} {do.past}",
            "{a} {do.past} at {early} in the morning",
        ),
        refutes=(
            "late in the afternoon, {a} {do.past}",
            "{a} {do.past} at {late} in the afternoon",
        ),
        leaves_open=(
            "{b} {do.past} at {early} in the morning",
            "{a} {other.past} at {early} in the morning",
            "{a} {other.past} at {late} in the afternoon",
        ),
    ),
    Claim(
        "order",
        affirmed=("{a} {do.past} on {day}",),
        denied=("{a} did not {do.base} on {day}",),
        supports=(
            "{a} {do.past} on the evening of {day}",
            "early on {day}, {a} {do.past}",
            "it was on {day} that {a} and {b} {do.past}",
        ),
        refutes=(
            "{a} {do.past} on {later_day}, and not on {day}",
            "{a} did not {do.base} until {later_day} of that week, well after {day}",
            "{a} did nothing at all on {day}",
        ),
        leaves_open=(
            "{b} {do.past} on the evening of {day}",
            "it was on {day} that {a} {other.past}",
            "{b} {do.past} on {later_day}, and not on {day}",
        ),
    ),
    Claim(
        "order",
        affirmed=("{a} had {do.perfect} by the time {b} {other.past}",),
        denied=("{a} had not yet {do.perfect} when {b} {other.past}",),
        supports=(
            "{a} had {do.perfect} on {day}, and only on {later_day} of that week {b} {other.past}",
            "{b} waited until {a} had {do.perfect}, and then {other.past}",
        ),
        refutes=(
            "{a} did not {do.base} until {later_day}, but {b} {other.past} on {day} of that week",
            "{a} waited until {b} had {other.perfect}, and then {do.past}",
        ),
        leaves_open=(
            "{b} waited until {c} had {do.perfect}, and then {other.past}",
            "{a} had {do.perfect} at some point, and {b} {other.past} on {day}",
        ),
        held_out=True,
    ),
)
