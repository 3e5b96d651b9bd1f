"""From raw files to train, validation and test pairs."""

from nli_lifecycle.pipelines.data_engineering.pipeline import create_pipeline

__all__ = ["create_pipeline"]
