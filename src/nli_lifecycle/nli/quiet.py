"""Keeping libraries from telling a user what that user could not act on."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(level: int = logging.WARNING) -> Iterator[None]:
    """Hold back Python warnings, transformers' progress bars and log lines up to a level.

    Not for code in which several threads are busy: what it changes belongs to the process.

    Args:
        level: the highest level of log lines held back.
    """
    from transformers.utils import logging as transformers_logging

    before, bars = logging.root.manager.disable, transformers_logging.is_progress_bar_enabled()
    logging.disable(max(before, level))
    transformers_logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        if bars:
            transformers_logging.enable_progress_bar()
