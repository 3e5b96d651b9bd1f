"""Which texts can be answered: strings that are valid Unicode."""

from __future__ import annotations

from collections.abc import Sequence


def check_texts(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse texts that no tokenizer takes, before they share a batch with others.

    Args:
        pairs: pairs of premise and hypothesis.

    Raises:
        TypeError: a text is not a string, naming its row and column, never the text.
        ValueError: a text holds half a surrogate pair, named likewise.
    """
    valid: set[int] = set()  # ids of texts: a task asks about the same one again and again
    for row, pair in enumerate(pairs):
        for column, text in zip(("premise", "hypothesis"), pair):
            if not isinstance(text, str):
                raise TypeError(f"Row {row}: {column} is no string.")
            if not text.isascii() and id(text) not in valid:
                try:
                    text.encode()
                    valid.add(id(text))
                except UnicodeEncodeError:
                    raise ValueError(
                        f"Row {row}: {column} holds half of a surrogate pair, so it is no text."
                    ) from None
