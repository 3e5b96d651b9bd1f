"""Score unlabelled pairs with the environment's champion."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
