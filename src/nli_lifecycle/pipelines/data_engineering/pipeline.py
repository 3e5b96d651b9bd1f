"""The data_engineering pipeline: raw files → pairs, quarantine, fingerprints, report."""

from __future__ import annotations

from kedro.pipeline import Node, Pipeline

from nli_lifecycle.pipelines.data_engineering import landing, nodes, publishing, reporting


def create_pipeline() -> Pipeline:
    """Build the pipeline.

    Returns:
        Land → judge → find near premises, remove duplicates → divide → publish → report.
    """
    return Pipeline(
        [
            Node(
                func=landing.land,
                inputs=[
                    "raw",
                    "landed",
                    "last_ingest",
                    "engine",
                    "params:source",
                    "params:source_path",
                    "params:data",
                ],
                outputs="ingest",
                name="land_rows",
            ),
            Node(
                func=nodes.judge_rows,
                inputs=["engine", "landed", "ingest", "params:data"],
                outputs="judged_rows",
                name="judge_rows",
            ),
            Node(
                func=nodes.check_rows,
                inputs=["engine", "judged_rows", "ingest", "params:data"],
                outputs="split_rule",
                name="check_rows",
            ),
            Node(
                func=nodes.sign_premises,
                inputs=["engine", "judged_rows", "split_rule", "params:data"],
                outputs="signatures",
                name="sign_premises",
            ),
            Node(
                func=nodes.cluster_premises,
                inputs=["engine", "signatures", "params:data"],
                outputs="premise_clusters",
                name="cluster_premises",
            ),
            Node(
                func=nodes.remove_duplicates,
                inputs=["engine", "judged_rows", "last_fingerprints", "split_rule"],
                outputs="verdicts",
                name="remove_duplicates",
            ),
            Node(
                func=nodes.divide_pairs,
                inputs=[
                    "engine",
                    "judged_rows",
                    "verdicts",
                    "premise_clusters",
                    "split_rule",
                    "params:data",
                ],
                outputs="divided",
                name="divide_pairs",
            ),
            Node(
                func=nodes.settle_rows,
                inputs=["engine", "judged_rows", "verdicts", "divided", "params:data"],
                outputs="settled_rows",
                name="settle_rows",
            ),
            Node(
                func=publishing.publish,
                inputs=["engine", "settled_rows", "params:data"],
                outputs=["train_pairs", "validation_pairs", "test_pairs", "quarantine"],
                name="publish_pairs",
            ),
            Node(
                func=publishing.identify,
                inputs=["engine", "settled_rows", "signatures", "split_rule", "params:data"],
                outputs=["fingerprints", "premise_signatures", "data_version"],
                name="identify_data",
            ),
            Node(
                func=reporting.tally_pairs,
                inputs=["engine", "settled_rows"],
                outputs="data_tally",
                name="tally_pairs",
            ),
            Node(
                func=reporting.report_data,
                inputs=[
                    "raw",
                    "engine",
                    "settled_rows",
                    "premise_clusters",
                    "ingest",
                    "split_rule",
                    "data_version",
                    "data_tally",
                    "last_history",
                    "params:data",
                ],
                outputs=["data_report", "data_history"],
                name="report_data",
            ),
            Node(
                func=reporting.plot_data,
                inputs=["data_report", "data_tally"],
                outputs=["labels_plot", "lengths_plot", "genres_plot", "quarantine_plot"],
                name="plot_data",
            ),
        ]
    )
