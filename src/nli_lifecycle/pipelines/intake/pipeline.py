"""The upstream champion becomes this environment's candidate."""

from kedro.pipeline import Node, Pipeline

from .nodes import take_in


def create_pipeline() -> Pipeline:
    """Build the intake pipeline."""
    return Pipeline([Node(func=take_in, inputs="registry", outputs="candidate", name="take_in")])
