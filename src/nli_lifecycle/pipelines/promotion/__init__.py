"""Decide by policy on the evidence, and carry the decision out."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
