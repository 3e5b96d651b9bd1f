"""Splitting a text into sentences, with the exact place of each.

A rule of thumb, not a parser: a sentence ends at . ! ? … and their kin, after which white space or
the end follows, unless the full stop belongs to an abbreviation, an initial or an ordinal; Chinese
and Japanese full stops need no space; an empty line always ends one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Words before a full stop that end no sentence, in lower case.
ABBREVIATIONS = frozenset(
    """mr mrs ms dr prof sr jr st vs etc e.g i.e cf al fig figs eq no nos vol pp ed eds approx
    inc ltd co corp dept est gen col sgt capt lt rev hon gov sen rep jan feb mar apr jun jul aug
    sep sept oct nov dec a.m p.m u.s u.k u.n d.c ph.d z.b d.h bzw usw ca nr bspw u.a""".split()
)
#: Those that also end sentences: they do where a capital letter follows.
_ENDING = frozenset("etc inc ltd co corp jr sr a.m p.m u.s u.k u.n d.c ph.d al usw u.a".split())

_CLOSING = "\"'”’»›)\\]}」』】）》"
_STOPS = ".!?…‼⁇⁈⁉؟۔।॥"
_END = re.compile(
    # What needs white space behind it. Begun at a run's first stop only: else a run of n takes n²
    # steps.
    rf"(?P<stop>(?<![{_STOPS}])[{_STOPS}]++[{_CLOSING}]*+)(?=\s|$)"
    rf"|[。！？｡]+[{_CLOSING}]*"  # what needs none
    r"|\n[^\S\n]*(?=\n)"  # an empty line
)
_OPENING = "\"'“‘«‹([{"
_LONGEST = 40  # characters looked at before and behind a stop


@dataclass(frozen=True)
class Sentence:
    """A stretch of a text, without white space around it: ``text[start:end]``."""

    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Split a text into sentences.

    Args:
        text: any text.

    Returns:
        The sentences in order; together they hold every character that is not white space. Offsets
        count code points. Empty for a text of white space only.
    """
    sentences = []
    start = 0
    for end in _END.finditer(text):
        if end["stop"] and _goes_on(text, start, end):
            continue
        sentences += _trimmed(text, start, end.end())
        start = end.end()
    return sentences + _trimmed(text, start, len(text))


def _goes_on(text: str, start: int, end: re.Match[str]) -> bool:
    """Whether a stop is only the full stop of an abbreviation, an initial or an ordinal."""
    if end["stop"] != ".":
        return False
    before = text[max(start, end.start() - _LONGEST) : end.start()].rsplit(None, 1)
    word = before[-1].lstrip(_OPENING).lower() if before else ""
    following = text[end.end() : end.end() + _LONGEST].lstrip()
    if not following:
        return False
    if word in ABBREVIATIONS:
        return not (word in _ENDING and following[0].isupper())
    if len(word) == 1 and text[end.start() - 1].isupper():  # J. Smith
        return True
    return word.isdecimal() and not text[start : end.start() - len(word)].strip()  # 1. First item


def _trimmed(text: str, start: int, end: int) -> list[Sentence]:
    stretch = text[start:end].rstrip()
    first = start + len(stretch) - len(stretch.lstrip())
    return [Sentence(first, start + len(stretch))] if stretch.strip() else []
