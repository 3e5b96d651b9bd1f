"""fetch → choose pairs → predict → measure, for candidate and champion on identical pairs."""

from kedro.pipeline import Node, Pipeline

from .assembling import assemble_evidence, gather_exhibits, measure_trust
from .detail_plots import (
    plot_coverage,
    plot_differences,
    plot_reliability,
    plot_slices,
    plot_stress,
)
from .listing import list_metrics
from .measuring import measure_parts, measure_quality
from .nodes import (
    choose_pairs,
    fetch_candidate,
    fetch_champion,
    make_stress_pairs,
    measure_costs,
    predict_candidate,
    predict_champion,
    recall_tuning,
    take_place,
)
from .plots import plot_classes, plot_confusion, plot_metrics
from .reference import sum_up_answers
from .traffic import recall_shadow

ANSWERS = ["evaluation_pairs", "candidate_predictions", "champion_predictions"]
STRESS = ["stress_pairs", "candidate_stress", "champion_stress"]
JUDGED_BY = ["times_judged", "params:evaluation", "params:policy"]
PLOTS = {
    "metrics_plot": plot_metrics,
    "differences_plot": plot_differences,
    "classes_plot": plot_classes,
    "confusion_plot": plot_confusion,
    "reliability_plot": plot_reliability,
    "coverage_plot": plot_coverage,
    "slices_plot": plot_slices,
    "stress_plot": plot_stress,
}


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
                inputs=["registry", "candidate", "candidate_bundle", "params:policy"],
                outputs="champion",
                name="fetch_champion",
            ),
            Node(
                func=choose_pairs,
                inputs=["test_pairs", "candidate_bundle", "champion", "params:evaluation"],
                outputs="evaluation_pairs",
                name="choose_pairs",
            ),
            Node(
                func=make_stress_pairs,
                inputs=["raw", "evaluation_pairs", "params:evaluation"],
                outputs="stress_pairs",
                name="make_stress_pairs",
            ),
            Node(
                func=predict_candidate,
                inputs=["candidate", "candidate_bundle", "evaluation_pairs", "stress_pairs"],
                outputs=["candidate_predictions", "candidate_stress"],
                name="predict_candidate",
            ),
            Node(
                func=predict_champion,
                inputs=[
                    "champion",
                    "candidate",
                    "candidate_predictions",
                    "candidate_stress",
                    "evaluation_pairs",
                    "stress_pairs",
                ],
                outputs=["champion_predictions", "champion_stress"],
                name="predict_champion",
            ),
            Node(
                func=take_place,
                inputs=["registry", "candidate", "evaluation_pairs"],
                outputs="times_judged",
                name="count_judgements",
            ),
            Node(
                func=recall_tuning,
                inputs=["registry", "candidate"],
                outputs="tuned",
                name="recall_tuning",
            ),
            Node(
                func=measure_quality,
                inputs=["candidate", "champion", *ANSWERS, *JUDGED_BY],
                outputs="quality",
                name="measure_quality",
            ),
            Node(
                func=measure_parts,
                inputs=["champion", *ANSWERS, *STRESS, *JUDGED_BY],
                outputs="parts",
                name="measure_slices_and_stress",
            ),
            Node(
                func=measure_trust,
                inputs=["champion", "candidate_bundle", "evaluation_pairs"],
                outputs="trust",
                name="measure_trust",
            ),
            Node(
                func=measure_costs,
                inputs=["candidate", "candidate_bundle", "champion", "evaluation_pairs"],
                outputs="footprints",
                name="measure_costs",
            ),
            Node(
                func=recall_shadow,
                inputs=["candidate", "champion", "inference_log", "params:policy"],
                outputs="shadow",
                name="recall_shadow",
            ),
            Node(
                func=assemble_evidence,
                inputs=[
                    "params:environment",
                    "params:source",
                    "candidate",
                    "champion",
                    "test_pairs",
                    "evaluation_pairs",
                    "times_judged",
                    "quality",
                    "parts",
                    "trust",
                    "tuned",
                    "shadow",
                    "footprints",
                    "params:policy",
                ],
                outputs="evidence",
                name="assemble_evidence",
            ),
            Node(
                func=gather_exhibits,
                inputs=["evidence", *ANSWERS, "footprints", "params:evaluation"],
                outputs="exhibits",
                name="gather_exhibits",
            ),
            Node(
                func=sum_up_answers,
                inputs=[
                    "evidence",
                    "candidate_bundle",
                    "evaluation_pairs",
                    "candidate_predictions",
                    "params:evaluation",
                ],
                outputs="monitoring_reference",
                name="sum_up_answers",
            ),
            Node(
                func=list_metrics,
                inputs="evidence",
                outputs="evaluation_metrics",
                name="list_metrics",
            ),
            *(
                Node(func=plot, inputs="evidence", outputs=name, name=plot.__name__)
                for name, plot in PLOTS.items()
            ),
        ]
    )
