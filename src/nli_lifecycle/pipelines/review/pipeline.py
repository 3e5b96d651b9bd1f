"""choose the queue → keep it → write the sheets, and the pairs that people settled."""

from kedro.pipeline import Node, Pipeline

from .nodes import ask_people, choose_queue, gather_reviewed, write_sheets


def create_pipeline() -> Pipeline:
    """Build the review pipeline."""
    return Pipeline(
        [
            Node(
                func=choose_queue,
                inputs=[
                    "evidence",
                    "evaluation_pairs",
                    "candidate_predictions",
                    "champion_predictions",
                    "params:evaluation",
                    "params:review",
                ],
                outputs="review_queue",
                name="choose_queue",
            ),
            Node(
                func=ask_people,
                inputs=["reviews", "review_queue", "evidence", "params:policy"],
                outputs="review_progress",
                name="ask_people",
            ),
            Node(
                func=write_sheets,
                inputs=[
                    "review_queue",
                    "reviews",
                    "review_progress",
                    "params:policy",
                    "params:review",
                ],
                outputs=["review_sheet", "review_lines"],
                name="write_sheets",
            ),
            Node(
                func=gather_reviewed,
                inputs=["reviews", "review_progress", "params:policy", "params:review"],
                outputs="reviewed_pairs",
                name="gather_reviewed",
            ),
        ]
    )
