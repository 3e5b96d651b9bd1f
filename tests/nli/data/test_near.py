"""Near premises: estimated as they should be, found by bands, joined to clusters."""

from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from nli_lifecycle.engines.local import LocalEngine
from nli_lifecycle.nli.data import near
from nli_lifecycle.nli.data.pairs import premise_fingerprint, premise_nodes
from nli_lifecycle.nli.data.schemas import EDGES, SIGNATURES

WORDS = [f"word{n}" for n in range(400)]


def _sentence(random: Random, words: int = 24) -> list[str]:
    return random.sample(WORDS, words)


def _jaccard(left: str, right: str) -> float:
    first, second = set(near._shingles(left)), set(near._shingles(right))
    return len(first & second) / len(first | second)


def _similar(left: str, right: str) -> float:
    minima = near._minima(pd.Series(near.sign([left, right])))
    return float(near.similarity(minima[:1], minima[1:])[0])


@pytest.mark.parametrize(
    "other",
    [
        "the man IS eating a red apple!",
        "Man is eating red apple",
        "  A man is éating the red apple",
    ],
)
def test_case_punctuation_accents_and_articles_do_not_count(other: str) -> None:
    assert _similar("A man is eating a red apple.", other) == 1.0


def test_texts_without_a_word_are_near_only_if_equal() -> None:
    assert _similar("?!", "?!") == 1.0
    assert _similar("?!", "…") < 0.1


def test_signatures_estimate_the_jaccard_similarity() -> None:
    random = Random(3)
    errors = []
    for _ in range(150):
        left = _sentence(random)
        cut = random.randrange(25)
        right = left[:cut] + _sentence(random, 24 - cut)
        truth = _jaccard(" ".join(left), " ".join(right))
        error = _similar(" ".join(left), " ".join(right)) - truth
        errors.append(error)
        assert abs(error) < 4.5 * np.sqrt(truth * (1 - truth) / near.ORDERS) + 0.01
    assert abs(np.mean(errors)) < 0.01  # unbiased


def test_a_signature_does_not_depend_on_what_is_signed_with_it() -> None:
    premises = [" ".join(_sentence(Random(n))) for n in range(5)]
    alone = [near.sign([premise])[0] for premise in premises]
    assert near.sign(premises) == alone
    assert {len(signature) for signature in alone} == {2 * near.ORDERS}


def _signatures(premises: list[str], foreign: int = 0) -> pd.DataFrame:
    nodes = premise_nodes(map(premise_fingerprint, premises))
    signed = near.sign_premises(pd.DataFrame({"node": nodes, "premise": premises}))
    return signed.assign(foreign=foreign)


def _clusters(*signatures: pd.DataFrame, threshold: float = 0.8) -> pd.DataFrame:
    table = LocalEngine().from_pandas(pd.concat(signatures, ignore_index=True), SIGNATURES)
    return near.cluster(near.find_near(table, threshold).to_pandas())


def _families(count: int) -> dict[str, list[str]]:
    """Texts far from each other, each with two copies that differ by one word of thirty."""
    families = {}
    for number in range(count):
        words = _sentence(Random(number), 30)
        copies = [[*words[:at], f"new{number}x{at}", *words[at + 1 :]] for at in (0, 29)]
        families[" ".join(words)] = [" ".join(copy) for copy in copies]
    return families


def test_clusters_are_those_of_comparing_all_with_all() -> None:
    families = _families(120)
    premises = [text for first, copies in families.items() for text in (first, *copies)]
    premises += [" ".join(_sentence(Random(10_000 + n), 30)) for n in range(200)]  # near none
    assert all(_jaccard(first, copy) > 0.88 for first, both in families.items() for copy in both)
    found = _clusters(_signatures(premises)).set_index("node")
    assert len(found) == 360
    assert found["leaked"].sum() == 0
    for first, copies in families.items():
        nodes = premise_nodes(map(premise_fingerprint, [first, *copies]))
        assert found.loc[nodes, "cluster"].tolist() == [int(min(nodes))] * 3


def test_below_the_threshold_nothing_is_near() -> None:
    words = _sentence(Random(1), 30)
    half = " ".join([*words[:15], *_sentence(Random(2), 15)])
    assert _clusters(_signatures([" ".join(words), half])).empty
    assert len(_clusters(_signatures([" ".join(words), half]), threshold=0.31)) in (0, 2)


def test_what_is_near_or_equal_to_another_environments_premises_is_leaked() -> None:
    families = _families(3)
    (equal, _), (close, copies), (apart, _) = families.items()
    ours = _signatures([equal, close, apart])
    theirs = _signatures([equal, copies[0]], foreign=1)
    leaked = _clusters(ours, theirs).set_index("node")["leaked"]
    nodes = premise_nodes(map(premise_fingerprint, [equal, close, apart]))
    assert [leaked.get(node, 0) for node in nodes] == [1, 1, 0]


def test_a_chain_is_one_cluster() -> None:
    edges = pd.DataFrame([(3, 5, -1), (5, 9, -1), (20, 21, 21)], columns=EDGES.names)
    assert near.cluster(edges).to_dict("list") == {
        "node": [3, 5, 9, 20, 21],
        "cluster": [3, 3, 3, 20, 20],
        "leaked": [0, 0, 0, 1, 1],
    }


def test_nothing_near_is_no_cluster(tmp_path: Path) -> None:
    clusters = near.cluster(EDGES.empty_table().to_pandas())
    assert list(clusters.columns) == ["node", "cluster", "leaked"] and clusters.empty
