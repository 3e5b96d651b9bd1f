"""English spelling: forms of nouns and verbs, articles, capitals and full stops."""

from __future__ import annotations

import pytest

from nli_lifecycle.nli.sample.words import action, noun, sentence


@pytest.mark.parametrize(
    ("text", "plural"),
    [
        ("waiter", "waiters"),
        ("berry", "berries"),
        ("stable boy", "stable boys"),
        ("dress", "dresses"),
        ("birch", "birches"),
        ("goose/geese", "geese"),
        ("piece of furniture", "pieces of furniture"),
    ],
)
def test_plurals(text: str, plural: str) -> None:
    assert noun(text).plural == plural


def test_a_tail_follows_both_forms() -> None:
    group = noun("usher").with_tail("from Oslo")
    assert (str(group), group.plural) == ("usher from Oslo", "ushers from Oslo")


@pytest.mark.parametrize(
    ("base", "past", "ing", "perfect"),
    [
        ("clean the path", "cleaned the path", "cleaning the path", "cleaned the path"),
        ("slice the bread", "sliced the bread", "slicing the bread", "sliced the bread"),
        ("trim the hedge", "trimmed the hedge", "trimming the hedge", "trimmed the hedge"),
        ("bury the bone", "buried the bone", "burying the bone", "buried the bone"),
        ("play", "played", "playing", "played"),
        ("bow", "bowed", "bowing", "bowed"),
        ("quit", "quit", "quitting", "quit"),
        ("dye the wool", "dyed the wool", "dyeing the wool", "dyed the wool"),
        ("agree to it", "agreed to it", "agreeing to it", "agreed to it"),
        ("tie the knot", "tied the knot", "tying the knot", "tied the knot"),
        ("wear a hat", "wore a hat", "wearing a hat", "worn a hat"),
        ("throw away the leftovers", "threw away the leftovers", "throwing away the leftovers",
         "thrown away the leftovers"),
    ],
)  # fmt: skip
def test_forms_of_verbs(base: str, past: str, ing: str, perfect: str) -> None:
    forms = action(base)
    assert (forms.base, forms.past, forms.ing, forms.perfect) == (base, past, ing, perfect)


def test_the_passive_agrees_with_its_subject() -> None:
    assert action("fell the pine").passive == "the pine was felled"
    assert action("write the letters").passive == "the letters were written"
    assert action("write the letters").unpassive == "the letters were not written"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a apron was a gift to a usher", "An apron was a gift to an usher."),
        ("she had a uniform for a hour", "She had a uniform for an hour."),
        ("a expensive rose", "An expensive rose."),
        ("it was late. a actor left", "It was late. An actor left."),
        ("Anna saw an big owl", "Anna saw a big owl."),
    ],
)
def test_sentences_are_finished(text: str, printed: str) -> None:
    assert sentence(text) == printed
