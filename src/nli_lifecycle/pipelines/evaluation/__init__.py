"""Measure the candidate's bundle, and the champion's on the same pairs."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
