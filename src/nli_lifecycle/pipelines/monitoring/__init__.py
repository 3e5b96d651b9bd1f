"""Watch the model that answers: windows of the inference log, alerts, and what follows."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
