"""Why pairs were not answered."""

from __future__ import annotations


class Overloaded(RuntimeError):
    """The queue is full.

    Attributes:
        retry_after_s: seconds after which the queue will have emptied, by what it lately did.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"The queue is full; ask again in {retry_after_s:.0f} s.")
        self.retry_after_s = retry_after_s


class Closed(RuntimeError):
    """The batcher is closing: it finishes what it has taken in, and takes nothing new."""


class Unanswerable(RuntimeError):
    """The model failed on these pairs, also without any others beside them."""
