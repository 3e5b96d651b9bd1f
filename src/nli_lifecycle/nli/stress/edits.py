"""Label-preserving edits of the user's own pairs: what should not change an answer.

After CheckList (Ribeiro et al. 2020, ACL) and the NLI stress tests (Naik et al. 2018, COLING).
An edit that has nothing to work on (no long word, no letters) gives None: the pair is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from nli_lifecycle.nli.slices import NEGATION, NUMERAL

Texts = tuple[str, str]  # premise, hypothesis

LONG_WORD = re.compile(r"[^\W\d_]{5,}")
TAUTOLOGIES = (
    *("And true is true.", "And false is not true.", "And one is one.", "And red is red."),
    *("And whoever waits is waiting.", "And a day is a day."),
)
#: True whatever a pair is about, so that nothing follows that did not follow before.
TRUTHS = (
    *("A week has seven days.", "Twelve is an even number.", "Two plus two is four."),
    *("An hour has sixty minutes.", "A square has four sides.", "The letter B comes after A."),
    *("Ten is more than nine.", "A triangle has three sides.", "Half of eight is four."),
)


def typo(texts: Texts, random: Random) -> Texts | None:
    """Swap two neighbouring letters inside one long word that carries no label of its own."""
    side = random.randrange(2)
    for place in (side, 1 - side):
        text = texts[place]
        words = [
            word
            for word in LONG_WORD.finditer(text)
            if not NEGATION.search(word[0]) and not NUMERAL.search(word[0])
        ]
        random.shuffle(words)
        for word in words:
            letters = list(range(word.start() + 1, word.end() - 2))
            random.shuffle(letters)
            for at in letters:
                if text[at] != text[at + 1]:
                    edited = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
                    return (edited, texts[1]) if place == 0 else (texts[0], edited)
    return None


def letter_case(texts: Texts, random: Random) -> Texts | None:
    """Everything in small letters, or everything in capitals."""
    change = random.choice((str.lower, str.upper))
    edited = change(texts[0]), change(texts[1])
    return edited if edited != texts else None


def punctuation(texts: Texts, random: Random) -> Texts | None:
    """Take the final full stop away, or add one."""
    return _stop(texts[0]), _stop(texts[1])


def distractor(texts: Texts, random: Random) -> Texts | None:
    """A tautology after the premise."""
    return f"{_ended(texts[0])} {random.choice(TAUTOLOGIES)}", texts[1]


def long_premise(texts: Texts, random: Random) -> Texts | None:
    """Truths that have nothing to do with it, before and after the premise."""
    around = random.sample(TRUTHS, 6)
    return " ".join([*around[:3], _ended(texts[0]), *around[3:]]), texts[1]


EDITS: dict[str, Callable[[Texts, Random], Texts | None]] = {
    "typos": typo,
    "letter case": letter_case,
    "punctuation": punctuation,
    "distractor": distractor,
    "long premise": long_premise,
}


def _ended(text: str) -> str:
    return text if text[-1:] in ".!?" else f"{text}."


def _stop(text: str) -> str:
    stripped = text.removesuffix(".")
    return stripped if stripped != text and stripped.strip() else f"{text}."
