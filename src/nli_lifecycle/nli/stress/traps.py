"""Stress suites from a small grammar: pairs that word overlap, or a word list, gets wrong.

Every template is right for every filling: people do one thing, to one another, once. Suites
in two labels hold as much entailment as not, so that always saying no scores a half.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from nli_lifecycle.nli.labels import CONTRADICTION, ENTAILMENT, NEUTRAL
from nli_lifecycle.nli.stress.scoring import NOT_ENTAILMENT

Pair = tuple[str, str, str]  # premise, hypothesis, label

PEOPLE = (
    *("doctor", "lawyer", "artist", "banker", "senator", "tourist", "athlete", "manager"),
    *("actor", "judge", "student", "scientist", "secretary", "president", "author", "professor"),
)
#: past, base
DEEDS = (
    ("thanked", "thank"),
    ("avoided", "avoid"),
    ("admired", "admire"),
    ("helped", "help"),
    ("called", "call"),
    ("followed", "follow"),
    ("invited", "invite"),
    ("paid", "pay"),
    ("introduced", "introduce"),
    ("recognized", "recognize"),
)
#: past, base
ACTS = (
    ("laughed", "laugh"),
    ("slept", "sleep"),
    ("danced", "dance"),
    ("waited", "wait"),
    ("arrived", "arrive"),
    ("resigned", "resign"),
    ("shouted", "shout"),
    ("left", "leave"),
)
TRAITS = ("young", "tall", "tired", "famous", "foreign", "cheerful", "careful", "rich")
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
#: thing, a state, its opposite (nothing is both), something unrelated
STATES = (
    ("door", "open", "closed", "heavy"),
    ("window", "open", "shut", "dirty"),
    ("glass", "full", "empty", "expensive"),
    ("patient", "awake", "asleep", "old"),
    ("witness", "alive", "dead", "famous"),
    ("guest", "present", "absent", "rich"),
    ("lamp", "on", "off", "green"),
    ("soup", "hot", "cold", "salty"),
    ("towel", "wet", "dry", "white"),
    ("street", "noisy", "quiet", "long"),
    ("exam", "easy", "difficult", "recent"),
    ("bag", "heavy", "light", "new"),
    ("answer", "true", "false", "short"),
    ("shelf", "clean", "dirty", "wooden"),
)


def word_swap(random: Random) -> list[Pair]:
    """The same words: as a passive they say the same, swapped they do not."""
    a, b = random.sample(PEOPLE, 2)
    deed, _ = random.choice(DEEDS)
    premise = f"The {a} {deed} the {b}."
    return [
        (premise, f"The {b} was {deed} by the {a}.", ENTAILMENT),
        (premise, f"The {b} {deed} the {a}.", NOT_ENTAILMENT),
    ]


def subsequence(random: Random) -> list[Pair]:
    """The hypothesis is a run of the premise's words, and follows from one of two premises."""
    a, b = random.sample(PEOPLE, 2)
    (act, _), (deed, _) = random.choice(ACTS), random.choice(DEEDS)
    where = random.choice(("near", "behind", "next to"))
    trap = random.choice((f"The {a} {where} the {b} {act}.", f"The {a} who {deed} the {b} {act}."))
    return [
        (f"The {a} and the {b} {act}.", f"The {b} {act}.", ENTAILMENT),
        (trap, f"The {b} {act}.", NOT_ENTAILMENT),
    ]


def constituent(random: Random) -> list[Pair]:
    """The hypothesis is a clause of the premise, which may or may not assert it."""
    a, b = random.sample(PEOPLE, 2)
    (first, _), (second, _) = random.sample(ACTS, 2)
    asserting = random.choice(("Because", "Although", "After"))
    supposing = random.choice(("If", "Unless", "In case"))
    return [
        (f"{asserting} the {a} {first}, the {b} {second}.", f"The {a} {first}.", ENTAILMENT),
        (f"{supposing} the {a} {first}, the {b} {second}.", f"The {a} {first}.", NOT_ENTAILMENT),
    ]


def negation(random: Random) -> list[Pair]:
    """Negation that matters, and negation of something else."""
    a, b, c = random.sample(PEOPLE, 3)
    past, base = random.choice(DEEDS)
    denied, said = f"The {a} did not {base} the {b}.", f"The {a} {past} the {b}."
    return [
        (f"It is not true that the {a} {past} the {b}.", denied, ENTAILMENT),
        random.choice(
            ((denied, said, CONTRADICTION), (f"The {a} {past} nobody.", said, CONTRADICTION))
        ),
        (said, f"The {a} did not {base} the {c}.", NEUTRAL),
    ]


def numerals(random: Random) -> list[Pair]:
    """Numbers in words and digits, with and without bounds."""
    (act, _), person = random.choice(ACTS), random.choice(PEOPLE)
    low, high = sorted(random.sample(range(len(NUMBERS)), 2))
    few, many = (NUMBERS[place] for place in (low, high))
    if random.random() < 0.5:
        few, many = str(low + 2), str(high + 2)
    return [
        (f"At least {many} {person}s {act}.", f"At least {few} {person}s {act}.", ENTAILMENT),
        (f"At least {few} {person}s {act}.", f"At least {many} {person}s {act}.", NEUTRAL),
        (f"Exactly {few} {person}s {act}.", f"Exactly {many} {person}s {act}.", CONTRADICTION),
    ]


def antonyms(random: Random) -> list[Pair]:
    """A state, its opposite, and a quality that has nothing to do with it."""
    thing, state, opposite, unrelated = random.choice(STATES)
    if random.random() < 0.5:
        state, opposite = opposite, state
    person = random.choice(PEOPLE)
    start = f"When the {person} came in, the {thing} was"
    premise = f"{start} {state}."
    return [
        (premise, f"{start} not {opposite}.", ENTAILMENT),
        (premise, f"{start} {opposite}.", CONTRADICTION),
        (premise, f"{start} {unrelated}.", NEUTRAL),
    ]


def monotonicity(random: Random) -> list[Pair]:
    """Quantifiers that carry over to the larger group, and those that carry over to the smaller."""
    (act, _), trait, person = random.choice(ACTS), random.choice(TRAITS), random.choice(PEOPLE)
    few, all_of = f"{trait} {person}", person
    upward = random.random() < 0.5
    if upward:
        quantifier = random.choice(("Some", "At least two", "Several"))
        narrow, broad = f"{quantifier} {few}s {act}.", f"{quantifier} {all_of}s {act}."
        return [(narrow, broad, ENTAILMENT), (broad, narrow, NOT_ENTAILMENT)]
    quantifier, ending = random.choice((("No", "s"), ("Every", ""), ("At most two", "s")))
    narrow, broad = f"{quantifier} {few}{ending} {act}.", f"{quantifier} {all_of}{ending} {act}."
    return [(broad, narrow, ENTAILMENT), (narrow, broad, NOT_ENTAILMENT)]


#: Name → what draws one contrast. After HANS (McCoy et al. 2019, ACL) and monotonicity suites
#: (Yanaka et al. 2019, BlackboxNLP).
TRAPS: dict[str, Callable[[Random], list[Pair]]] = {
    "word swap": word_swap,
    "subsequence": subsequence,
    "constituent": constituent,
    "negation": negation,
    "numerals": numerals,
    "antonyms": antonyms,
    "monotonicity": monotonicity,
}


def draw_traps(name: str, rows: int, seed: int) -> list[Pair]:
    """Draw different pairs of one suite, whole contrasts at a time.

    Args:
        name: key of ``TRAPS``.
        rows: at most so many.
        seed: the same seed gives the same pairs.

    Returns:
        The pairs, no two alike.
    """
    random, drawn = Random(f"{name}/{seed}"), dict[tuple[str, str], str]()
    for _ in range(50 * rows):  # a small grammar may run out of new contrasts
        contrast = TRAPS[name](random)
        if len(drawn) + len(contrast) > rows:
            break
        if not any((premise, hypothesis) in drawn for premise, hypothesis, _ in contrast):
            drawn |= {(premise, hypothesis): label for premise, hypothesis, label in contrast}
    return [(premise, hypothesis, label) for (premise, hypothesis), label in drawn.items()]
