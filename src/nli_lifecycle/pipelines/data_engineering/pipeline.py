"""The data_engineering pipeline: raw files → pairs, quarantine, fingerprints, report."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from nli_lifecycle.pipelines.data_engineering import nodes

_SPLITS = ["train_pairs", "validation_pairs", "test_pairs"]


def create_pipeline() -> Pipeline:
    """Build the pipeline.

    Returns:
        Read → remove duplicates → split → identify → report → plot.
    """
    return Pipeline(
        [
            Node(
                func=nodes.read_pairs,
                inputs=["raw", "params:source", "params:source_path", "params:data"],
                outputs=["landed_pairs", "unusable_rows"],
                name="read_pairs",
            ),
            Node(
                func=nodes.remove_duplicates,
                inputs=["landed_pairs", "unusable_rows"],
                outputs=["distinct_pairs", "quarantine"],
                name="remove_duplicates",
            ),
            Node(
                func=nodes.split_pairs,
                inputs=["distinct_pairs", "params:data"],
                outputs=_SPLITS,
                name="split_pairs",
            ),
            Node(
                func=nodes.identify,
                inputs=_SPLITS,
                outputs=["fingerprints", "data_version"],
                name="identify_data",
            ),
            Node(
                func=nodes.report_data,
                inputs=[
                    "raw",
                    "landed_pairs",
                    "unusable_rows",
                    "distinct_pairs",
                    *_SPLITS,
                    "quarantine",
                ],
                outputs="data_report",
                name="report_data",
            ),
            Node(
                func=nodes.plot_data,
                inputs=["data_report", "distinct_pairs"],
                outputs=["labels_plot", "lengths_plot", "genres_plot", "quarantine_plot"],
                name="plot_data",
            ),
        ]
    )
