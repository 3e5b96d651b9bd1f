"""Normal form, identity and split of a pair."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nli_lifecycle.nli.data.pairs import (
    SPLITS,
    assign_splits,
    fingerprint,
    normalise,
    premise_fingerprint,
    premise_nodes,
)
from nli_lifecycle.parameters import SplitShares

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


def _split(premise_fp: str, shares: SplitShares) -> str:
    return str(assign_splits(premise_nodes([premise_fp]), shares)[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  A\tman \n\u00a0eats\u2028. ", "A man eats ."),
        ("cafe\u0301", "café"),
        ("No change: it's 'Quoted'…", "No change: it's 'Quoted'…"),
        (" \t\n", ""),
    ],
)
def test_normal_form(text: str, expected: str) -> None:
    assert normalise(text) == expected


@settings(deadline=None)
@given(TEXT)
def test_normal_form_is_final_and_keeps_every_character(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert once.split() == unicodedata.normalize("NFC", text).split()


def test_fingerprints_are_pinned_since_models_carry_them() -> None:
    assert fingerprint("A man eats.", "He eats.") == "5ec3e12eee23dfa5ef56f5daeca58e60"
    assert premise_fingerprint("A man eats.") == "c4df7f486cfac6f0694c299a0c6b11c2"


def test_fingerprints_look_at_the_normal_form() -> None:
    assert fingerprint(" A  man", "cafe\u0301") == fingerprint("A man", "café")
    assert premise_fingerprint("A\nman") == premise_fingerprint("A man")


def test_the_border_between_the_texts_counts() -> None:
    assert fingerprint("a b", "c") != fingerprint("a", "b c")
    assert fingerprint("a", "b") != fingerprint("b", "a")


@settings(deadline=None)
@given(st.lists(TEXT, max_size=20), st.tuples(*[st.integers(0, 5)] * 3).filter(any))
def test_split_is_a_pure_function_of_the_premise(
    premises: list[str], parts: tuple[int, int, int]
) -> None:
    total = sum(parts)
    train, validation = parts[0] / total, parts[1] / total
    shares = SplitShares(train=train, validation=validation, test=max(0.0, 1 - train - validation))
    split = {text: _split(premise_fingerprint(text), shares) for text in premises}
    for text in reversed(premises):
        again = _split(premise_fingerprint(f" {text}\n"), shares)
        assert again == split[text]
        assert getattr(shares, again) > 0


def test_shares_are_kept() -> None:
    shares = SplitShares(train=0.6, validation=0.1, test=0.3)
    nodes = premise_nodes(premise_fingerprint(str(n)) for n in range(20_000))
    counts = Counter(assign_splits(nodes, shares))
    for name in SPLITS:
        assert counts[name] / 20_000 == pytest.approx(getattr(shares, name), abs=0.015)


@pytest.mark.parametrize("digit", ["0", "8", "f"])
def test_all_to_test_leaves_nothing_elsewhere(digit: str) -> None:
    assert _split(digit * 32, SplitShares(train=0, validation=0, test=1)) == "test"


def test_the_last_premise_falls_into_the_last_split_that_has_a_share() -> None:
    assert _split("f" * 32, SplitShares(train=0.9, validation=0.1, test=0)) == "validation"


@given(st.text(max_size=20))
def test_a_premise_falls_where_the_first_52_bits_of_its_fingerprint_say(text: str) -> None:
    key = premise_fingerprint(text)
    position = int(key[:13], 16) / 2**52
    expected = "train" if position < 0.6 else "validation" if position < 0.7 else "test"
    assert _split(key, SplitShares(train=0.6, validation=0.1, test=0.3)) == expected
