"""decide → write down → carry out."""

from kedro.pipeline import Node, Pipeline

from .nodes import carry_out, make_decision, write_decision, write_report


def create_pipeline() -> Pipeline:
    """Build the promotion pipeline."""
    return Pipeline(
        [
            Node(
                func=make_decision,
                inputs=["params:policy", "evidence"],
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
                func=carry_out,
                inputs=["registry", "decision", "decision_text", "decision_report"],
                outputs="release_record",
                name="release",
            ),
        ]
    )
