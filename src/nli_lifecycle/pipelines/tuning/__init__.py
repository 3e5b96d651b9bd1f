"""Search for the training's parameters, and make the best of them the candidate."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
