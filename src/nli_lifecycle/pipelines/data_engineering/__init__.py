"""From raw files to train, validation and test pairs."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
