"""Choose the pairs that people should label, and hand on what they labelled."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
