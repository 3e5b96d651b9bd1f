"""Fine-tune the encoder, export the bundle, register it as the candidate."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
