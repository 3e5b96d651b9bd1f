"""Words of texts, and which of them a model's tokenizer knows as whole words."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nli_lifecycle.nli.bundle import PAYLOAD

logger = logging.getLogger(__name__)

#: Columns of the inference log that ``measure_texts`` gives, in its order.
TEXT_COLUMNS = ("premise_words", "hypothesis_words", "overlap", "unknown_share")
_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Runs of letters, digits and underscores, in lower case."""
    return _WORD.findall(text.lower())


class Vocabulary:
    """The whole words of one tokenizer, whatever their case and accents."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    @classmethod
    def load(cls, file: Path) -> Vocabulary:
        """Read a ``tokenizer.json`` of Hugging Face's tokenizers.

        Args:
            file: WordPiece (continuing pieces begin with ``##``), WordLevel, Unigram or BPE (first
                pieces of words begin with ``▁``, or with ``Ġ`` where pieces are bytes).

        Raises:
            OSError: it cannot be read.
            ValueError: it is no such file.
        """
        try:
            model = json.loads(file.read_bytes())["model"]
            pieces = [piece if isinstance(piece, str) else piece[0] for piece in model["vocab"]]
            return cls(frozenset(_plain(word.lower()) for word in _whole_words(model, pieces)))
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ValueError(f"{file} is no tokenizer.json: {error!r}.") from error

    def unknown_share(self, found: list[str]) -> float | None:
        """Share of these words that are not known as a whole; None where there are no words."""
        if not found:
            return None
        known = self._known
        unknown = [word for word in found if word not in known]
        accented = [word for word in unknown if not word.isascii() and _plain(word) in known]
        return (len(unknown) - len(accented)) / len(found)


def load_vocabulary(folder: Path) -> Vocabulary | None:
    """Read the vocabulary of a bundle's tokenizer; None, with a warning, where there is none."""
    try:
        return Vocabulary.load(folder / PAYLOAD / "tokenizer.json")
    except (OSError, ValueError) as error:
        logger.warning("Unknown words cannot be counted: %s", error)
        return None


def measure_texts(
    premise: str, hypothesis: str, vocabulary: Vocabulary | None
) -> tuple[int, int, float | None, float | None]:
    """What monitoring needs of two texts: the columns ``TEXT_COLUMNS``.

    Returns:
        Words of each; share of the hypothesis's words that are in the premise; share of all words
        that the vocabulary does not know. A share is None where there are no words, or no
        vocabulary.
    """
    first, second = words(premise), words(hypothesis)
    known = set(first)
    return (
        len(first),
        len(second),
        sum(map(known.__contains__, second)) / len(second) if second else None,
        vocabulary.unknown_share(first + second) if vocabulary else None,
    )


def _whole_words(model: dict[str, Any], pieces: list[str]) -> Iterable[str]:
    """Pieces that are a word by themselves, without their marks."""
    for mark in ("▁", "Ġ"):
        begun = [piece[1:] for piece in pieces if piece.startswith(mark)]
        if begun:
            return begun if mark == "▁" else map(_decoded, begun)
    continuing = model.get("continuing_subword_prefix") or "##"
    return (piece for piece in pieces if not piece.startswith(continuing))


def _plain(word: str) -> str:
    """The word without accents."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _byte_letters() -> dict[str, int]:
    """The letters in which byte-level BPE writes bytes (GPT-2's table)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + place): byte for place, byte in enumerate(others)}


_BYTES = _byte_letters()


def _decoded(piece: str) -> str:
    """The text of a byte-level piece; what is no text is no word."""
    try:
        return bytes(_BYTES[letter] for letter in piece).decode()
    except (KeyError, UnicodeDecodeError):
        return ""
