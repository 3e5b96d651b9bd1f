"""How much a single request may ask for, and of what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nli_lifecycle.serving.problems import Problem
from nli_lifecycle.serving.settings import LimitSettings


def admit_count(pairs: int, limits: LimitSettings) -> None:
    """Refuse a request of too many pairs, before they are made.

    Raises:
        Problem: 422.
    """
    if pairs > limits.max_pairs:
        raise Problem(
            422, f"The request comes to {pairs:,} pairs; at most {limits.max_pairs:,} are answered."
        )


def admit_texts(texts: Iterable[tuple[str, str]], limits: LimitSettings) -> None:
    """Refuse a text that is too long.

    Args:
        texts: where each is in the request, and the text.
        limits: the settings.

    Raises:
        Problem: 422, naming where.
    """
    for where, text in texts:
        if len(text) > limits.max_text_chars:
            raise _too_long(where, len(text), limits)


def admit_pairs(pairs: Sequence[tuple[str, str]], limits: LimitSettings) -> None:
    """Refuse too many pairs, or a pair with a text that is too long.

    Raises:
        Problem: 422, naming the row.
    """
    admit_count(len(pairs), limits)
    for row, (premise, hypothesis) in enumerate(pairs):
        if len(premise) > limits.max_text_chars:
            raise _too_long(f"Row {row}, premise", len(premise), limits)
        if len(hypothesis) > limits.max_text_chars:
            raise _too_long(f"Row {row}, hypothesis", len(hypothesis), limits)


def _too_long(where: str, length: int, limits: LimitSettings) -> Problem:
    return Problem(
        422, f"{where}: {length:,} characters; at most {limits.max_text_chars:,} are read."
    )
