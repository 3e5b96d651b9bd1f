"""nli-lifecycle: one Kedro project for the whole life of an NLI model."""

__version__ = "0.1.0"
