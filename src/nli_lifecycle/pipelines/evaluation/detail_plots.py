"""Plots of where candidate and champion differ, and of how far their answers can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.nli.metrics.figures import Interval, SubsetMeasures
from nli_lifecycle.pipelines.evaluation.plots import COLOURS, bars, models, styled

#: Parts drawn at most, the worst ones; the report lists them all.
MOST_PARTS = 40
ROW_HEIGHT = 22  # pixels per part


def plot_differences(evidence: Evidence) -> go.Figure:
    """Draw candidate − champion with its bounds, beside the line of no difference."""
    figure = make_subplots(1, 2, column_widths=[0.6, 0.4], horizontal_spacing=0.2)
    said = "there is no champion to compare with"
    if compared := evidence.comparison:
        shares = {"accuracy": compared.accuracy, "macro-F1": compared.macro_f1}
        losses = {"log loss": compared.log_loss, "Brier score": compared.brier}
        figure.add_trace(_forest(shares, 100), 1, 1)
        figure.add_trace(_forest(losses, 1), 1, 2)
        said = f"each bound at {100 * evidence.method.bound_confidence:.6g}% confidence"
        figure.add_vline(x=0, line={"color": "#888", "dash": "dot"})
    figure.update_xaxes(title="points, right is better", col=1)
    figure.update_xaxes(title="left is better", col=2)
    return styled(figure, "Candidate − champion", said, evidence)


def plot_reliability(evidence: Evidence) -> go.Figure:
    """Draw accuracy against confidence, bin by bin; on the diagonal the two agree."""
    figure = go.Figure()
    diagonal = {"color": "#888", "dash": "dot"}
    figure.add_scatter(x=[33, 100], y=[33, 100], mode="lines", line=diagonal, showlegend=False)
    for name, measures in models(evidence).items():
        found = measures.calibration
        figure.add_scatter(
            x=[100 * part.confidence for part in found.bins],
            y=[100 * part.accuracy for part in found.bins],
            mode="lines+markers",
            marker={"color": COLOURS[name], "size": 9},
            name=f"{name}, error {100 * found.ece:.1f} points",
            text=[f"{part.rows:,} pairs" for part in found.bins],
            hovertemplate="confidence %{x:.1f}%, accuracy %{y:.1f}%, %{text}<extra></extra>",
        )
    figure.update_xaxes(title="confidence, %")
    figure.update_yaxes(title="accuracy, %")
    said = "bins of equally many pairs; below the line: too sure"
    return _from_lowest(styled(figure, "As sure as it is right?", said, evidence))


def plot_coverage(evidence: Evidence) -> go.Figure:
    """Draw the accuracy of the surest answers against the share of answers given."""
    figure = go.Figure()
    for name, measures in models(evidence).items():
        figure.add_scatter(
            x=[100 * point.coverage for point in measures.selective.points],
            y=[100 * point.accuracy for point in measures.selective.points],
            mode="lines+markers",
            marker={"color": COLOURS[name]},
            name=name,
            hovertemplate="%{y:.1f}% right on the surest %{x:.0f}%<extra>" + name + "</extra>",
        )
    figure.update_xaxes(title="answers given, the surest first, %")
    figure.update_yaxes(title="accuracy on them, %")
    said = "what is gained by withholding the least sure answers"
    return _from_lowest(styled(figure, "Selective accuracy", said, evidence))


def plot_slices(evidence: Evidence) -> go.Figure:
    """Draw the slices, worst first."""
    return _plot_parts("Slices", evidence.slices, evidence)


def plot_stress(evidence: Evidence) -> go.Figure:
    """Draw the stress suites, worst first."""
    return _plot_parts("Stress suites", evidence.stress, evidence)


def _plot_parts(title: str, parts: Sequence[SubsetMeasures], evidence: Evidence) -> go.Figure:
    """Difference from the champion where there is one, else accuracy, with bounds."""
    compared = evidence.champion is not None

    def drawn(part: SubsetMeasures) -> Interval:
        return part.difference if part.difference is not None else part.candidate

    worst = sorted(parts, key=lambda part: drawn(part).estimate)[:MOST_PARTS]
    labels = {f"{part.kind}: {part.name} ({part.rows:,})": drawn(part) for part in worst}
    figure = go.Figure(_forest(labels, 100))
    if compared:
        figure.add_vline(x=0, line={"color": "#888", "dash": "dot"})
        figure.update_xaxes(title="candidate − champion, points")
        level = 100 * evidence.method.bound_confidence
        said = f"bounds hold for all at once, at {level:.6g}% confidence"
    else:
        figure.update_xaxes(title="accuracy, %")
        said = bars(evidence) + ", each for itself"
    if not parts:
        said = "none was measured"
    figure = styled(figure, title, f"{said}; pairs in brackets", evidence)
    return figure.update_layout(height=180 + ROW_HEIGHT * max(4, len(worst)))


def _from_lowest(figure: go.Figure) -> go.Figure:
    """Let the vertical axis start just below what is drawn, not at zero."""
    lowest = min(value for line in figure.data for value in line.y)
    return figure.update_yaxes(autorange=False, range=(lowest - 3, 102))


def _forest(intervals: dict[str, Interval], scale: float) -> go.Scatter:
    found = list(intervals.values())
    return go.Scatter(
        x=[scale * interval.estimate for interval in found],
        y=list(intervals),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [scale * (interval.upper - interval.estimate) for interval in found],
            "arrayminus": [scale * (interval.estimate - interval.lower) for interval in found],
            "thickness": 1.5,
            "width": 3,
        },
        mode="markers",
        marker={"size": 8, "color": COLOURS["candidate"]},
        showlegend=False,
        hovertemplate="%{y}: %{x:+.3f}<extra></extra>",
    )
