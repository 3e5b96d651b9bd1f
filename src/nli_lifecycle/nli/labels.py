"""The three NLI labels, handled by name everywhere outside a model's own graph."""

from __future__ import annotations

from collections.abc import Mapping

#: Canonical order of probability columns in our own frames and arrays.
LABELS: tuple[str, ...] = ("entailment", "neutral", "contradiction")
ENTAILMENT, NEUTRAL, CONTRADICTION = LABELS


def column_order(id2label: Mapping[int, str]) -> list[int]:
    """Find which of a model's outputs holds each label of ``LABELS``.

    Label order is no convention (SNLI and sentence-transformers differ), so a model's
    own ``id2label`` decides.

    Args:
        id2label: the model's map from output index to label name, in any letter case.

    Returns:
        Three indices: ``logits[:, column_order(id2label)]`` is in ``LABELS`` order.

    Raises:
        ValueError: when the names are not exactly the three labels, for example the
            placeholders ``LABEL_0 … LABEL_2`` of a model that was never told its labels.
    """
    by_name = {str(name).strip().lower(): int(index) for index, name in id2label.items()}
    if sorted(by_name) != sorted(LABELS) or len(id2label) != len(LABELS):
        raise ValueError(
            f"The model names its labels {sorted(map(str, id2label.values()))}, but exactly "
            f"{list(LABELS)} are needed. Set id2label in the model's config.json."
        )
    return [by_name[label] for label in LABELS]
