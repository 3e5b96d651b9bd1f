"""read → references → labels → measure → MLflow → alerts → state → report → exit code."""

from kedro.pipeline import Node, Pipeline

from .nodes import (
    end_with,
    find_references,
    join_feedback,
    measure,
    raise_alerts,
    read_log,
    remember,
    tell_mlflow,
    write_page,
    write_report,
)


def create_pipeline() -> Pipeline:
    """Build the monitoring pipeline."""
    return Pipeline(
        [
            Node(
                func=read_log,
                inputs=["inference_log", "last_monitoring_state", "registry", "params:monitoring"],
                outputs="monitoring_read",
                name="read_log",
            ),
            Node(
                func=find_references,
                inputs=["registry", "monitoring_read", "params:monitoring"],
                outputs="monitoring_asked",
                name="find_references",
            ),
            Node(
                func=join_feedback,
                inputs=["inference_log", "monitoring_asked", "params:monitoring"],
                outputs="monitoring_joined",
                name="join_feedback",
            ),
            Node(
                func=measure,
                inputs=["monitoring_joined", "params:monitoring"],
                outputs="monitoring_measured",
                name="measure_windows",
            ),
            Node(
                func=tell_mlflow,
                inputs=["monitoring_measured", "params:monitoring"],
                outputs="monitoring_told",
                name="tell_mlflow",
            ),
            Node(
                func=raise_alerts,
                inputs=["alert_events", "registry", "monitoring_told", "params:monitoring"],
                outputs="monitoring_watched",
                name="raise_alerts",
            ),
            Node(
                func=remember,
                inputs=["monitoring_told", "monitoring_watched"],
                outputs="monitoring_state",
                name="remember",
            ),
            Node(
                func=write_report,
                inputs=[
                    "monitoring_state",
                    "monitoring_told",
                    "monitoring_watched",
                    "alert_events",
                    "params:environment",
                    "params:monitoring",
                ],
                outputs="monitoring_report",
                name="write_monitoring_report",
            ),
            Node(
                func=write_page,
                inputs="monitoring_report",
                outputs="monitoring_page",
                name="write_monitoring_page",
            ),
            Node(
                func=end_with,
                inputs=["monitoring_watched", "monitoring_page"],
                outputs="exit_code",
                name="end_with",
            ),
        ]
    )
