"""choose the version → land the pairs → score what is missing → report."""

from kedro.pipeline import Node, Pipeline

from .nodes import choose_model, land_pairs, list_metrics, score_pairs


def create_pipeline() -> Pipeline:
    """Build the batch scoring pipeline."""
    return Pipeline(
        [
            Node(
                func=choose_model,
                inputs=["registry", "params:batch_scoring"],
                outputs=["scoring_release", "scoring_bundle"],
                name="choose_model",
            ),
            Node(
                func=land_pairs,
                inputs=["raw", "pairs_to_score", "engine", "params:batch_scoring"],
                outputs="scoring_input",
                name="land_pairs",
            ),
            Node(
                func=score_pairs,
                inputs=[
                    "engine",
                    "pairs_to_score",
                    "batch_scores",
                    "scoring_input",
                    "scoring_release",
                    "scoring_bundle",
                    "params:batch_scoring",
                ],
                outputs="scoring_report",
                name="score_pairs",
            ),
            Node(
                func=list_metrics,
                inputs="scoring_report",
                outputs="scoring_metrics",
                name="list_scoring_metrics",
            ),
        ]
    )
