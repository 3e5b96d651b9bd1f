"""The grammar itself: its templates, its words, and what scenes promise to both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from itertools import combinations
from random import Random
from typing import Any

import pytest

from nli_lifecycle.nli.sample.claim import Claim
from nli_lifecycle.nli.sample.claims import BESIDE, CLAIMS
from nli_lifecycle.nli.sample.scene import draw_scene
from nli_lifecycle.nli.sample.topic import Topic
from nli_lifecycle.nli.sample.vocabulary import VOCABULARIES

PHENOMENA = {
    "lexical", "quantifiers", "negation", "numerals", "comparatives", "order", "voice", "dative",
    "coordination", "relative_clause", "paraphrase",
}  # fmt: skip

#: Words too general to carry content; everything else belongs to one environment.
GENERAL = set(
    "a add after as away back before down for from get go in into keep leave let make of off on "
    "out over put some take the to twice up with each other".split()
)

TOPICS = [topic for vocabulary in VOCABULARIES.values() for topic in vocabulary.topics]


def texts(value: Any) -> Iterator[str]:
    """Walk through every string of a vocabulary."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        yield from texts(tuple(vars(value).values()))
    elif isinstance(value, dict):
        yield from texts(tuple(value.items()))
    elif isinstance(value, tuple):
        for inner in value:
            yield from texts(inner)


def templates(claim: Claim) -> tuple[str, ...]:
    premises = claim.supports + claim.refutes + claim.leaves_open
    return claim.affirmed + claim.denied + premises


def test_every_phenomenon_of_the_brief_is_there() -> None:
    assert {claim.phenomenon for claim in CLAIMS} == PHENOMENA
    assert {claim.phenomenon for claim in CLAIMS if not claim.held_out} == PHENOMENA


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.affirmed[0])
def test_no_template_serves_two_labels(claim: Claim) -> None:
    everything = templates(claim)
    assert len(set(everything)) == len(everything)
    assert min(map(len, (claim.supports, claim.refutes, claim.leaves_open))) >= 2


def test_every_template_reads_in_every_topic() -> None:
    for vocabulary in VOCABULARIES.values():
        for topic in vocabulary.topics:
            scene = draw_scene(vocabulary, topic, Random(0))
            for template in (*BESIDE, *(text for claim in CLAIMS for text in templates(claim))):
                text = template.format(**scene)
                assert not re.search(r"[{}<>]|  |Noun|Action", text), template


def test_environments_share_no_content_word() -> None:
    words = {
        name: {word for text in texts(v) for word in re.findall(r"[\w'-]+", text.lower())}
        for name, v in VOCABULARIES.items()
    }
    for one, other in combinations(words, 2):
        assert words[one] & words[other] <= GENERAL, (one, other)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_topics_keep_to_their_contract(topic: Topic) -> None:
    for chore in topic.chores:
        assert re.fullmatch(r"\w+ the [\w -]+", chore), chore  # one verb, one object: passive
    for specific, general, aside, thing in topic.acts:
        assert len({specific, general, aside}) == 3 and thing.startswith("the ")
    for habit in topic.habits:
        assert re.search(r"\[[^\]]+\]", habit), habit
    leaves = [leaf for leaves in topic.kinds.values() for leaf in leaves]
    assert len(set(leaves)) == len(leaves)
    assert len(topic.people) >= 4 and len(topic.kinds) >= 2
    assert min(map(len, topic.kinds.values())) >= 2


@pytest.mark.parametrize("environment", VOCABULARIES)
def test_scenes_keep_their_promises(environment: str) -> None:
    vocabulary = VOCABULARIES[environment]
    numbers = (
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty"
    ).split()
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    random = Random(5)
    for _ in range(300):
        scene = draw_scene(vocabulary, random.choice(vocabulary.topics), random)
        few, n, more = (numbers.index(scene[slot]) for slot in ("few", "n", "more"))
        assert few + 2 <= n <= more - 2  # "fewer than {more}" leaves "more than {n}" open
        assert days.index(scene["day"]) < days.index(scene["later_day"])
        distinct = (
            ("a", "b", "c", "witness"),
            ("p", "q"),
            ("do", "other", "third"),
            ("broad", "habit"),
            ("leaf", "sibling", "stranger", "mid", "kind"),
            ("group", "rest"),
            ("city", "town"),
            ("look", "look2"),
            ("better", "worse", "better2"),
        )
        for slots in distinct:
            assert len({str(scene[slot]) for slot in slots}) == len(slots), slots
