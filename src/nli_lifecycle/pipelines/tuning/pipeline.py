"""sweep → best parameters → train → export → register: a tuned candidate."""

from kedro.pipeline import Node, Pipeline

from nli_lifecycle.pipelines import training

from .nodes import choose_best, identify_study, run_sweep, write_best
from .plots import plot_curves, plot_history, plot_parameters


def create_pipeline() -> Pipeline:
    """Build the tuning pipeline."""
    sweep = Pipeline(
        [
            Node(
                func=identify_study,
                inputs=["data_version", "training_start", "params:training", "params:tuning"],
                outputs="study_key",
                name="identify_study",
            ),
            Node(
                func=run_sweep,
                inputs=[
                    "studies",
                    "models",
                    "study_key",
                    "training_start",
                    "train_pairs",
                    "validation_pairs",
                    "params:training",
                    "params:tuning",
                ],
                outputs="tuning_report",
                name="run_sweep",
            ),
            Node(
                func=choose_best,
                inputs=["tuning_report", "params:training", "params:tuning"],
                outputs=["best_training", "tuning_tags"],
                name="choose_best",
            ),
            Node(
                func=write_best,
                inputs=["tuning_report", "params:environment"],
                outputs="best_parameters",
                name="write_best",
            ),
            Node(
                func=plot_history,
                inputs="tuning_report",
                outputs="tuning_history_plot",
                name="plot_history",
            ),
            Node(
                func=plot_parameters,
                inputs="tuning_report",
                outputs="tuning_parameters_plot",
                name="plot_parameters",
            ),
            Node(
                func=plot_curves,
                inputs="tuning_report",
                outputs="tuning_curves_plot",
                name="plot_curves",
            ),
        ]
    )
    return sweep + training.create_pipeline("best_training", further_tags="tuning_tags")
