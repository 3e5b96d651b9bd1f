"""standing → decide → write down → carry out."""

from kedro.pipeline import Node, Pipeline

from .nodes import (
    carry_out,
    make_decision,
    read_standing,
    write_decision,
    write_model_card,
    write_report,
)


def create_pipeline() -> Pipeline:
    """Build the promotion pipeline."""
    return Pipeline(
        [
            Node(
                func=read_standing,
                inputs=["registry", "params:policy", "evidence"],
                outputs="standing",
                name="read_standing",
            ),
            Node(
                func=make_decision,
                inputs=["params:policy", "evidence", "standing"],
                outputs="decision",
                name="decide",
            ),
            Node(
                func=write_decision,
                inputs=["decision", "evidence"],
                outputs="decision_text",
                name="write_decision",
            ),
            Node(
                func=write_report,
                inputs=["registry", "decision", "evidence", "exhibits", "params:policy"],
                outputs="decision_report",
                name="write_report",
            ),
            Node(
                func=write_model_card,
                inputs=["registry", "decision", "evidence", "params:policy"],
                outputs="model_card",
                name="write_model_card",
            ),
            Node(
                func=carry_out,
                inputs=[
                    "registry",
                    "params:policy",
                    "evidence",
                    "decision",
                    "decision_text",
                    "decision_report",
                    "model_card",
                ],
                outputs="release_record",
                name="release",
            ),
        ]
    )
