"""fetch → predict → measure, for the candidate and the champion on identical pairs."""

from kedro.pipeline import Node, Pipeline

from .nodes import (
    fetch_candidate,
    fetch_champion,
    measure_evidence,
    predict_candidate,
    predict_champion,
)
from .reporting import list_metrics, plot_classes, plot_confusion, plot_metrics


def create_pipeline() -> Pipeline:
    """Build the evaluation pipeline."""
    return Pipeline(
        [
            Node(
                func=fetch_candidate,
                inputs=["registry", "candidate"],
                outputs="candidate_bundle",
                name="fetch_candidate",
            ),
            Node(
                func=fetch_champion,
                inputs=["registry", "candidate", "candidate_bundle"],
                outputs="champion",
                name="fetch_champion",
            ),
            Node(
                func=predict_candidate,
                inputs=["candidate", "candidate_bundle", "test_pairs"],
                outputs="candidate_predictions",
                name="predict_candidate",
            ),
            Node(
                func=predict_champion,
                inputs=["champion", "candidate", "candidate_predictions", "test_pairs"],
                outputs="champion_predictions",
                name="predict_champion",
            ),
            Node(
                func=measure_evidence,
                inputs=[
                    "params:environment",
                    "params:source",
                    "candidate",
                    "champion",
                    "test_pairs",
                    "candidate_predictions",
                    "champion_predictions",
                    "params:evaluation",
                    "params:policy",
                ],
                outputs="evidence",
                name="measure_evidence",
            ),
            Node(
                func=list_metrics,
                inputs="evidence",
                outputs="evaluation_metrics",
                name="list_metrics",
            ),
            Node(
                func=plot_confusion,
                inputs="evidence",
                outputs="confusion_plot",
                name="plot_confusion",
            ),
            Node(
                func=plot_metrics,
                inputs="evidence",
                outputs="metrics_plot",
                name="plot_metrics",
            ),
            Node(
                func=plot_classes,
                inputs="evidence",
                outputs="classes_plot",
                name="plot_classes",
            ),
        ]
    )
