"""The shape of a vocabulary: what an environment must name before sentences can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """The words of one subject, such as 'kitchen'.

    Attributes:
        name: the topic as it appears in a pair's genre.
        people: roles; none is a kind of another.
        deeds: what one person may do to another, plausible in both directions.
        chores: what one person may do → the same in other words. The first form is a verb with
            one object, so that it has a passive; no chore implies or excludes another.
        habits: what each of many people may do; the bracketed words narrow it.
        acts: (narrow verb, broad verb, unrelated verb, object): frying is a way of cooking.
        kind: the broadest noun of the taxonomy.
        kinds: middle noun → narrow nouns; the narrow nouns exclude each other.
        gets: verbs that take any of these things as object.
    """

    name: str
    people: tuple[str, ...]
    deeds: tuple[str, ...]
    chores: Mapping[str, str]
    habits: tuple[str, ...]
    acts: tuple[tuple[str, str, str, str], ...]
    kind: str
    kinds: Mapping[str, tuple[str, ...]]
    gets: tuple[str, ...]


@dataclass(frozen=True)
class Vocabulary:
    """All content words of one environment; no two environments share one.

    Attributes:
        topics: its topics.
        names: first names.
        cities: names of cities.
        traits: adjectives for people that narrow a group ('the young waiters').
        looks: adjectives for things.
        scales: (comparative, its opposite, plain adjective).
        transfers: verbs with both datives ('gave Ann a book', 'gave a book to Ann').
        weather: adjectives for a day.
        test_only: name of the topic kept out of training and validation, if any.
    """

    topics: tuple[Topic, ...]
    names: tuple[str, ...]
    cities: tuple[str, ...]
    traits: tuple[str, ...]
    looks: tuple[str, ...]
    scales: tuple[tuple[str, str, str], ...]
    transfers: tuple[str, ...]
    weather: tuple[str, ...]
    test_only: str | None = None
