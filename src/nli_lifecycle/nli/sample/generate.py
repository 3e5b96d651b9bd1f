"""Draw an environment's pairs from the grammar, without telling label from surface.

A pair's hypothesis is drawn without looking at its label, so the hypothesis alone says nothing.
Neutral premises are chosen to repeat as much of the hypothesis as the others do, so overlap
says little.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.sample.claim import Claim
from nli_lifecycle.nli.sample.claims import BESIDE, CLAIMS
from nli_lifecycle.nli.sample.scene import Scene, draw_scene
from nli_lifecycle.nli.sample.style import STYLES, Style
from nli_lifecycle.nli.sample.topic import Topic, Vocabulary
from nli_lifecycle.nli.sample.vocabulary import VOCABULARIES
from nli_lifecycle.nli.sample.words import sentence

#: Changes whenever the text generated for any environment and seed changes.
SAMPLE_VERSION = "1"

#: Environment → split → pairs.
_PAIRS = {
    "dev": {"train": 4_500, "validation": 500, "test": 3_000},
    "staging": {"test": 8_000},
    "prod": {"test": 8_000},
}

#: Shares of neutral pairs whose premise only touches the claim's scene, or leaves it altogether.
_RELATED_SHARE = 0.10
_UNRELATED_SHARE = 0.05


def generate(environment: str, seed: int = 13) -> Iterator[dict[str, str]]:
    """Generate the sample corpus of an environment.

    The same arguments give the same rows, in the same order, on every machine.

    Args:
        environment: dev (train, validation and test), staging or prod (test only).
        seed: another seed gives another draw from the same grammar.

    Returns:
        An iterator of rows with pair_id, premise, hypothesis, label, genre, source and split.
        Labels are balanced in every split. No premise occurs twice. A hypothesis occurs once,
        or in training pairs once with each label.

    Raises:
        ValueError: for an environment that has no vocabulary.
    """
    if environment not in VOCABULARIES:
        raise ValueError(
            f"The sample corpus has no environment {environment!r}; "
            f"choose one of {', '.join(VOCABULARIES)}."
        )
    return _rows(environment, Random(f"{environment}/{seed}"))


def _rows(environment: str, random: Random) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    count = 0
    for split, size in _PAIRS[environment].items():
        source = _Source(environment, split, random)
        rows: list[dict[str, str]] = []
        while len(rows) < size:
            # Training pairs come as contrasts: one hypothesis, a premise for every label.
            labels = LABELS if split == "train" else (LABELS[len(rows) % len(LABELS)],)
            pairs = source.pairs(labels)
            texts = {pair[side] for pair in pairs for side in ("premise", "hypothesis")}
            if len(texts) == len(pairs) + 1 and seen.isdisjoint(texts):
                seen |= texts
                rows += pairs
        random.shuffle(rows)
        for row in rows:
            count += 1
            yield {
                "pair_id": f"{environment}-{count:05d}",
                **row,
                "source": "sample",
                "split": split,
            }


class _Source:
    """The claims, topics and style that one split of one environment draws from."""

    def __init__(self, environment: str, split: str, random: Random) -> None:
        self._random = random
        self._vocabulary: Vocabulary = VOCABULARIES[environment]
        self._style: Style = STYLES[environment]
        self._topics: list[Topic] = [
            topic
            for topic in self._vocabulary.topics
            if split == "test" or topic.name != self._vocabulary.test_only
        ]
        self._claims: dict[str, list[Claim]] = {}
        for claim in CLAIMS:
            if environment != "dev" or not claim.held_out:
                self._claims.setdefault(claim.phenomenon, []).append(claim)

    def pairs(self, labels: tuple[str, ...]) -> list[dict[str, str]]:
        """Draw a scene and a hypothesis, then a premise for each of the labels."""
        random = self._random
        claim, topic = self._claim(), random.choice(self._topics)
        scene = draw_scene(self._vocabulary, topic, random)
        sides = (
            (claim.affirmed, claim.supports, claim.refutes),
            (claim.denied, claim.refutes, claim.supports),
        )
        wordings, agreeing, opposing = random.choice(sides)
        hypothesis = random.choice(wordings).format(**scene)
        printed = sentence(self._style.relax(hypothesis, random))
        pairs = []
        for label in labels:
            genre = claim.phenomenon
            if label == "neutral":
                genre, premise = self._neutral(claim, topic, scene, hypothesis)
            else:
                agrees = label == "entailment"
                premise = random.choice(agreeing if agrees else opposing).format(**scene)
            pairs.append(
                {
                    "premise": sentence(self._style.dress(premise, scene, random)),
                    "hypothesis": printed,
                    "label": label,
                    "genre": f"{genre}/{topic.name}",
                }
            )
        return pairs

    def _neutral(
        self, claim: Claim, topic: Topic, scene: Scene, hypothesis: str
    ) -> tuple[str, str]:
        """Say what leaves the hypothesis open, and name what it takes to see that."""
        random = self._random
        chance = random.random()
        if chance < _UNRELATED_SHARE:
            return "unrelated", self._elsewhere(topic, scene)
        beside = chance < _UNRELATED_SHARE + _RELATED_SHARE
        # Such premises are by nature less like the hypothesis: take the nearer of two.
        premises = random.sample(BESIDE if beside else claim.leaves_open, 2)
        words = set(hypothesis.split())
        premise = max(
            (premise.format(**scene) for premise in premises),
            key=lambda text: len(words & set(text.split())),
        )
        return "related" if beside else claim.phenomenon, premise

    def _claim(self) -> Claim:
        """Choose a phenomenon by the style's weights, then one of its claims."""
        phenomena = list(self._claims)
        weights = [self._style.weights.get(phenomenon, 1.0) for phenomenon in phenomena]
        return self._random.choice(self._claims[self._random.choices(phenomena, weights)[0]])

    def _elsewhere(self, topic: Topic, scene: Scene) -> str:
        """Say something about other people in another topic."""
        random = self._random
        topics = [other for other in self._topics if other != topic]
        people = {scene[slot] for slot in "abc"}
        other = scene
        while people & {other[slot] for slot in "abc"}:
            other = draw_scene(self._vocabulary, random.choice(topics), random)
        claim = self._claim()
        premises = claim.supports + claim.refutes + claim.leaves_open
        return random.choice(premises).format(**other)
