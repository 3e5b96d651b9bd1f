"""How many: quantifiers with their monotonicity, numerals, comparatives."""

from __future__ import annotations

from nli_lifecycle.nli.sample.claim import Claim

QUANTIFIERS = (
    Claim(
        "quantifiers",
        affirmed=("every {group} {broad.past}", "all the {group.plural} {broad.past}"),
        denied=(
            "not every {group} {broad.past}",
            "at least one {group} did not {broad.base}",
        ),
        supports=(
            "every {group} {narrow.past}",
            "without exception, the {group.plural} {broad.past}",
            "there was no {group} who did not {broad.base}",
            "every {group} {broad.past}, and every {rest} {habit.past}",
        ),
        refutes=(
            "no {group} {broad.past}",
            "a {trait} {group} did not {broad.base}",
            "only one {group} {broad.past}, and the others did not",
            "there was a {group} who did not {broad.base}",
        ),
        leaves_open=(
            "every {trait} {group} {broad.past}",
            "every {rest} {narrow.past}",
            "there was no {rest} who did not {broad.base}",
            "at least one {group} {broad.past}",
            "no {rest} {broad.past}",
            "not every {group} {narrow.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("at least one {group} {broad.past}", "some {group} {broad.past}"),
        denied=("no {group} {broad.past}", "none of the {group.plural} {broad.past}"),
        supports=(
            "every {group} {narrow.past}",
            "a {trait} {group} {broad.past}",
            "several {group.plural} {narrow.past}",
            "most of the {group.plural} {broad.past}",
        ),
        refutes=(
            "not a single {group} {broad.past}",
            "there was not one {group} who {broad.past}",
            "the rumour that a {group} {broad.past} was false",
            "there was no {group} who {broad.past}",
        ),
        leaves_open=(
            "no {trait} {group} {broad.past}",
            "every {rest} {broad.past}",
            "not every {group} {narrow.past}",
            "not a single {group} {narrow.past}",
            "most of the {rest.plural} {narrow.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("no {trait} {group} {narrow.past}",),
        denied=("at least one {trait} {group} {narrow.past}",),
        supports=(
            "no {group} {broad.past}",
            "none of the {group.plural} {narrow.past}",
            "not a single {trait} {group} {broad.past}",
        ),
        refutes=(
            "every {trait} {group} {narrow.past}",
            "several {trait} {group.plural} {narrow.past}",
            "every {group} {narrow.past}, even the {trait} ones",
        ),
        leaves_open=(
            "no {group} {habit.past}",
            "no {trait} {rest} {broad.past}",
            "at least one {group} {narrow.past}",
            "every {trait} {group} {broad.past}",
            "not every {trait} {group} {narrow.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("most of the {group.plural} {broad.past}",),
        denied=("fewer than half of the {group.plural} {broad.past}",),
        supports=(
            "nearly all of the {group.plural} {narrow.past}",
            "nine of the ten {group.plural} {broad.past}",
            "all but one of the twenty {group.plural} {broad.past}",
        ),
        refutes=(
            "hardly any of the {group.plural} {broad.past}",
            "only two of the ten {group.plural} {broad.past}",
            "all but one of the twenty {group.plural} did not {broad.base}",
        ),
        leaves_open=(
            "nearly all of the {rest.plural} {broad.past}",
            "at least two of the ten {group.plural} {broad.past}",
            "hardly any of the {rest.plural} {narrow.past}",
            "the {trait} ones among the {group.plural} {broad.past}",
        ),
    ),
    Claim(
        "quantifiers",
        affirmed=("very few of the {group.plural} {narrow.past}",),
        denied=("many of the {group.plural} {narrow.past}",),
        supports=(
            "only one or two of the twenty {group.plural} {narrow.past}",
            "hardly any of the {group.plural} {broad.past}",
        ),
        refutes=(
            "eighteen of the twenty {group.plural} {narrow.past}",
            "nearly every {group} {narrow.past}",
        ),
        leaves_open=(
            "eighteen of the twenty {group.plural} {broad.past}",
            "only one or two of the twenty {rest.plural} {narrow.past}",
            "nearly every {rest} {broad.past}",
        ),
        held_out=True,
    ),
)

NUMERALS = (
    Claim(
        "numerals",
        affirmed=("{a} {get.past} more than {n} {leaf.plural}",),
        denied=(
            "{a} {get.past} no more than {n} {leaf.plural}",
            "{a} did not {get.base} more than {n} {leaf.plural}",
        ),
        supports=(
            "{a} {get.past} {more} {leaf.plural}",
            "{a} {get.past} at least {more} {leaf.plural}",
            "{a} {get.past} {more} {leaf.plural} and {few} {sibling.plural}",
            "{a} {get.past} {more} {leaf.plural}, and {b} {get.past} fewer than {few}",
        ),
        refutes=(
            "{a} {get.past} only {few} {leaf.plural}",
            "{a} {get.past} fewer than {few} {leaf.plural}",
            "{a} {get.past} {few} {leaf.plural} and not one more",
            "{b} {get.past} at least {more} {leaf.plural}, but {a} {get.past} only {few}",
        ),
        leaves_open=(
            "{a} {get.past} at least {few} {leaf.plural}",
            "{a} {get.past} fewer than {more} {leaf.plural}",
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
            "{a} {get.past} {n} {leaf.plural} and not one more",
        ),
        refutes=(
            "{a} {get.past} {more} {leaf.plural}, no more and no fewer",
            "the number of {leaf.plural} that {a} {get.past} was {few}",
            "{a} {get.past} more than {n} {leaf.plural}",
            "{a} {get.past} only {few} {leaf.plural}",
        ),
        leaves_open=(
            "{a} {get.past} more than {few} {leaf.plural}",
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
            "{a} {get.past} {more} {leaf.plural}, while {b} {get.past} only {few}",
            "{b} {get.past} fewer {leaf.plural} than {a}",
            "{a} {get.past} twice as many {leaf.plural} as {b}",
        ),
        refutes=(
            "{a} {get.past} only {few} {leaf.plural}, while {b} {get.past} {more}",
            "{a} {get.past} fewer {leaf.plural} than {b}",
            "{a} {get.past} exactly as many {leaf.plural} as {b}",
        ),
        leaves_open=(
            "{a} {get.past} {more} {leaf.plural}, and nobody knew how many {b} {get.past}",
            "{a} {get.past} more {sibling.plural} than {b}",
            "{a} {get.past} twice as many {sibling.plural} as {b}",
            "{a} {get.past} exactly as many {leaf.plural} as {c}",
            "{a} {get.past} fewer {leaf.plural} than {c}",
            "{a} and {b} both {get.past} more {leaf.plural} than {c}",
        ),
    ),
    Claim(
        "comparatives",
        affirmed=("{a} was {better} than {b}",),
        denied=("{a} was not {better} than {b}", "{a} was no {better} than {b}"),
        supports=(
            "{b} was {worse} than {a}",
            "{a} was {better} than {c}, who was {better} than {b}",
            "{a} was much {better} than {b} and {c}",
        ),
        refutes=(
            "{b} was {better} than {a}",
            "{a} was {worse} than {c}, who was {worse} than {b}",
            "{a} was exactly as {plain} as {b}",
            "{a} was much {worse} than {b} and {c}",
        ),
        leaves_open=(
            "{a} was much {better} than {c}",
            "{a} was exactly as {plain} as {c}",
            "{a} was {better} than {c}, who was {worse} than {b}",
            "{c} was {worse} than {a}",
            "{b} was {worse} than {c}, who was {better} than {a}",
            "{a} was {better2} than {b}",
        ),
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
