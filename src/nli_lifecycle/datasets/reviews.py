"""What people were asked and what they said, as a catalog entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from nli_lifecycle.review.store import ReviewStore


class ReviewsDataset(AbstractDataset[None, ReviewStore]):
    """A handle on the store: it is added to, never saved as a whole.

    Args:
        filepath: its folder; made with the first record.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._folder = Path(filepath)
        self.metadata = metadata

    def load(self) -> ReviewStore:
        """Return the handle; nothing is read yet."""
        return ReviewStore(self._folder)

    def save(self, data: None) -> None:
        """Refuse: what people said is added to, never replaced."""
        raise NotImplementedError(
            "Reviews are added by the review pipeline and by `review import`."
        )

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._folder)}
