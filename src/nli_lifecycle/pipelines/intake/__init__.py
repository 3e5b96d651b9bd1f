"""Take the upstream environment's champion in as this environment's candidate."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
