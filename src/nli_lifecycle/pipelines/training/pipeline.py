"""choose the start → train → export → register: the candidate of an environment that trains."""

from kedro.pipeline import Node, Pipeline

from .nodes import export_bundle, identify, register_candidate, train_model
from .start import choose_start


def create_pipeline(
    parameters: str = "params:training", *, further_tags: str | None = None
) -> Pipeline:
    """Build the training pipeline.

    Args:
        parameters: where the training's parameters come from.
        further_tags: data set with what else the candidate's version should say of itself.
    """
    tags = [further_tags] if further_tags else []
    return Pipeline(
        [
            Node(
                func=choose_start,
                inputs=["registry", "models", "params:training", "params:policy"],
                outputs="training_start",
                name="choose_start",
            ),
            Node(
                func=identify,
                inputs=["data_version", "training_start", parameters, "params:export"],
                outputs="training_key",
                name="identify_model",
            ),
            Node(
                func=train_model,
                inputs=[
                    "models",
                    "training_key",
                    "training_start",
                    "train_pairs",
                    "validation_pairs",
                    "launcher",
                    parameters,
                ],
                outputs="checkpoint",
                name="train_model",
            ),
            Node(
                func=export_bundle,
                inputs=[
                    "models",
                    "training_key",
                    "data_version",
                    "checkpoint",
                    "training_start",
                    "train_pairs",
                    "validation_pairs",
                    parameters,
                    "params:export",
                ],
                outputs="bundle",
                name="export_bundle",
            ),
            Node(
                func=register_candidate,
                inputs=[
                    "registry",
                    "models",
                    "bundle",
                    "training_key",
                    "data_version",
                    parameters,
                    *tags,
                ],
                outputs="candidate",
                name="register_candidate",
            ),
        ]
    )
