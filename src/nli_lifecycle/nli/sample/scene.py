"""A scene: one consistent draw of people, things and actions that fills a claim's slots."""

from __future__ import annotations

from random import Random
from typing import Any

from nli_lifecycle.nli.sample.topic import Topic, Vocabulary
from nli_lifecycle.nli.sample.words import action, noun

Scene = dict[str, Any]

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def draw_scene(vocabulary: Vocabulary, topic: Topic, random: Random) -> Scene:
    """Draw every slot that a claim may ask for.

    Fillers of one scene never coincide: its people, chores, habits and kinds are distinct, so
    a template may rely on ``{b}`` not being ``{a}``.

    Args:
        vocabulary: words of the environment.
        topic: the topic to stay in.
        random: source of chance.

    Returns:
        Slot name → word or phrase.
    """
    return {
        **_people(vocabulary, topic, random),
        **_actions(topic, random),
        **_things(vocabulary, topic, random),
        **_quantities(vocabulary, random),
    }


def _people(vocabulary: Vocabulary, topic: Topic, random: Random) -> Scene:
    ann, ben, cleo, witness = random.sample(vocabulary.names, 4)
    roles = [noun(role) for role in random.sample(topic.people, 4)]
    city, town = random.sample(vocabulary.cities, 2)
    named = random.random() < 0.6
    group, rest = roles[2:]
    if random.random() < 0.5:
        group, rest = group.with_tail(f"from {city}"), rest.with_tail(f"from {city}")
    return {
        "a": ann if named else f"the {roles[0]}",
        "b": ben if named else f"the {roles[1]}",
        "c": cleo if named else f"the {roles[2]}",
        "p": f"the {roles[0]}",
        "q": f"the {roles[1]}",
        "r": f"the {roles[2]}",
        "witness": witness,
        "group": group,
        "rest": rest,
        "trait": random.choice(vocabulary.traits),
        "city": city,
        "town": town,
        "deed": action(random.choice(topic.deeds)),
        "transfer": action(random.choice(vocabulary.transfers)),
    }


def _actions(topic: Topic, random: Random) -> Scene:
    do, other, third = random.sample(sorted(topic.chores), 3)
    narrowed, habit = random.sample(topic.habits, 2)
    specific, general, aside, thing = random.choice(topic.acts)
    return {
        "do": action(do),
        "same": action(topic.chores[do]),
        "other": action(other),
        "third": action(third),
        "narrow": action(narrowed.replace("[", "").replace("]", "")),
        "broad": action(_without_brackets(narrowed)),
        "habit": action(_without_brackets(habit)),
        "specific": action(f"{specific} {thing}"),
        "general": action(f"{general} {thing}"),
        "aside": action(f"{aside} {thing}"),
        "thing": thing,
    }


def _things(vocabulary: Vocabulary, topic: Topic, random: Random) -> Scene:
    mid, stranger_mid = random.sample(sorted(topic.kinds), 2)
    leaf, sibling = random.sample(topic.kinds[mid], 2)
    look, look2 = random.sample(vocabulary.looks, 2)
    return {
        "kind": noun(topic.kind),
        "mid": noun(mid),
        "leaf": noun(leaf),
        "sibling": noun(sibling),
        "stranger": noun(random.choice(topic.kinds[stranger_mid])),
        "get": action(random.choice(topic.gets)),
        "look": look,
        "look2": look2,
    }


def _quantities(vocabulary: Vocabulary, random: Random) -> Scene:
    number = random.randint(6, 9)
    day, later_day = sorted(random.sample(range(len(_DAYS)), 2))
    scale, scale2 = random.sample(vocabulary.scales, 2)
    better, worse, plain = scale
    return {
        "n": _NUMBERS[number],
        "few": _NUMBERS[random.randint(2, 4)],
        "more": _NUMBERS[random.randint(11, 20)],
        "early": random.choice(("eight", "nine", "ten", "eleven")),
        "late": random.choice(("two", "three", "four", "five")),
        "day": _DAYS[day],
        "later_day": _DAYS[later_day],
        "weather": random.choice(vocabulary.weather),
        "better": better,
        "worse": worse,
        "plain": plain,
        "better2": scale2[0],
    }


def _without_brackets(habit: str) -> str:
    before, _, rest = habit.partition("[")
    return " ".join((before + rest.partition("]")[2]).split())
