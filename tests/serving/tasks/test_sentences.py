"""Sentences: where they end, and that offsets are exact."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.serving.tasks.sentences import split_sentences


def split(text: str) -> list[str]:
    """The sentences themselves."""
    return [text[s.start : s.end] for s in split_sentences(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["The dog runs.", "A cat sleeps!", "Why?", "Who knows…"],
        ["Dr. Smith met Mrs. Jones, e.g. at noon.", "They left."],
        ["It costs 3.50 euros, i.e. 3.9 dollars.", "Too much."],
        ["J. R. R. Tolkien wrote it.", "He was English."],
        ["He works for Acme Inc. in Paris.", "She left Acme Inc.", "They were sad."],
        ["She arrived at 5 p.m. on Monday.", "He came at 6 p.m.", "All ate."],
        ['"Go away!"', "He went.", "“Come back.”", "(She meant it.)", "He did."],
        ["Really?!", "Yes!!!", "No..."],
        ["See example.com or v1.2.3 for more.", "Then go."],
        ["猫が寝ている。", "犬は走る！", "「そうですか？」", "はい。"],
        ["他说：“好。”", "然后走了。"],
        ["هل هذا كلب؟", "نعم.", "یہ کتا ہے۔"],
        ["यह कुत्ता है।", "वह दौड़ता है।"],
        ["A 🐕 runs.", "e\u0301te\u0301 is summer.", "🎉!", "Done."],
        ["1. First item"],
        ["all in small letters.", "as in a chat."],
        ["No full stop at all"],
        ["He lives in the U.S. and works.", "It is in the U.S.", "He knows."],
    ],
)
def test_sentences_end_where_readers_say(sentences: list[str]) -> None:
    """Abbreviations, numbers, initials, quotes and scripts without spaces."""
    space = "" if any("\u3000" <= c <= "\u9fff" for c in sentences[0]) else " "
    assert split(space.join(sentences)) == sentences


def test_headings_and_items_end_at_empty_lines() -> None:
    """A line break alone ends nothing: texts are wrapped."""
    assert split("A heading\n\nThe text is\nwrapped. It ends\n  \nhere") == [
        "A heading",
        "The text is\nwrapped.",
        "It ends",
        "here",
    ]


@pytest.mark.parametrize("text", ["", " \n\t\u3000 ", "\n\n\n"])
def test_nothing_has_no_sentences(text: str) -> None:
    """White space is none."""
    assert split(text) == []


@given(st.text(st.sampled_from(list("aB1 .!?…。」\"'\n\u3000Mr🐕é\u0301\u202e\x00")), max_size=60))
def test_sentences_hold_every_character_once(text: str) -> None:
    """In order, without white space around them, and nothing is lost between them."""
    found = split_sentences(text)
    place = 0
    for sentence in found:
        assert not text[place : sentence.start].strip()
        inside = text[sentence.start : sentence.end]
        assert inside and inside == inside.strip()
        place = sentence.end
    assert not text[place:].strip()


@pytest.mark.parametrize(
    "text",
    ["." * 100_000 + "x", ".»" * 50_000 + "x", "\n" + " " * 100_000, "a. " * 33_000, "1. " * 33_000]
    + ["A. " * 33_000, "\n " * 50_000, "x" * 100_000 + ".", "e.g." * 25_000, "»" * 100_000],
    ids=lambda text: ascii(text[:8]),
)
def test_no_text_takes_long(text: str) -> None:
    """A document of the greatest length costs milliseconds, whatever it holds."""
    begun = time.process_time()
    split_sentences(text)
    assert time.process_time() - begun < 2  # what is quadratic takes minutes
