"""Plots of how good candidate and champion are, for kedro-viz and MLflow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.metrics.figures import Interval, Measures

COLOURS = {"candidate": "#33658a", "champion": "#f6ae2d"}


def plot_confusion(evidence: Evidence) -> go.Figure:
    """Draw what is taken for what: shares of each true label, with counts; one panel per model."""
    shown = models(evidence)
    figure = make_subplots(
        1, len(shown), subplot_titles=list(shown), shared_yaxes=True, horizontal_spacing=0.04
    )
    for column, measures in enumerate(shown.values(), start=1):
        counts = np.array(measures.confusion)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        figure.add_heatmap(
            z=shares,
            x=list(LABELS),
            y=list(LABELS),
            text=[[f"{n:,}<br>{s:.1%}" for n, s in zip(*row)] for row in zip(counts, shares)],
            texttemplate="%{text}",
            hovertemplate="%{y} taken for %{x}: %{text}<extra></extra>",
            zmin=0,
            zmax=1,
            colorscale="Blues",
            showscale=False,
            row=1,
            col=column,
        )
    figure.update_xaxes(title="predicted")
    figure.update_yaxes(title="true label", col=1)
    return styled(figure, "Confusion matrix", "counts, and shares of the true label", evidence)


def plot_metrics(evidence: Evidence) -> go.Figure:
    """Draw accuracy, macro-F1 and log loss with their intervals, candidate beside champion."""
    figure = make_subplots(1, 2, column_widths=[0.65, 0.35], horizontal_spacing=0.15)
    for name, measures in models(evidence).items():
        shares = {"accuracy": measures.accuracy, "macro-F1": measures.macro_f1}
        figure.add_trace(_dots(name, shares, 100), 1, 1)
        figure.add_trace(_dots(name, {"log loss": measures.log_loss}, 1, legend=False), 1, 2)
    figure.update_xaxes(title="%, more is better", range=_range(figure.data[::2]), col=1)
    figure.update_xaxes(title="nats, less is better", range=_range(figure.data[1::2]), col=2)
    return styled(figure, "Quality", bars(evidence), evidence)


def plot_classes(evidence: Evidence) -> go.Figure:
    """Draw precision, recall and F1 of each label with their intervals."""
    figures = ("precision", "recall", "f1")
    figure = make_subplots(
        1, 3, subplot_titles=("precision", "recall", "F1"), shared_yaxes=True, shared_xaxes="all"
    )
    for name, measures in models(evidence).items():
        for column, what in enumerate(figures, start=1):
            dots = {label: getattr(measures.classes[label], what) for label in LABELS}
            figure.add_trace(_dots(name, dots, 100, legend=column == 1), 1, column)
    figure.update_xaxes(title="%", range=_range(figure.data))
    return styled(figure, "Labels one by one", bars(evidence), evidence)


def models(evidence: Evidence) -> dict[str, Measures]:
    """What was measured, by model."""
    models = {"candidate": evidence.candidate_measures}
    if evidence.champion_measures:
        models["champion"] = evidence.champion_measures
    return models


def _dots(
    name: str, intervals: dict[str, Interval], scale: float, legend: bool = True
) -> go.Scatter:
    """One model's figures as dots with error bars, beside the other model's."""
    found = list(intervals.values())
    return go.Scatter(
        x=[scale * interval.estimate for interval in found],
        y=list(intervals),
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [scale * (interval.upper - interval.estimate) for interval in found],
            "arrayminus": [scale * (interval.estimate - interval.lower) for interval in found],
            "thickness": 2,
            "width": 5,
        },
        orientation="h",  # models side by side (scattermode "group") along the vertical axis
        offsetgroup=name,
        mode="markers",
        marker={"size": 11, "color": COLOURS[name]},
        name=name,
        legendgroup=name,
        showlegend=legend,
        hovertemplate="%{y}: %{x:.2f}<extra>" + name + "</extra>",
    )


def _range(traces: Sequence[go.Scatter]) -> tuple[float, float]:
    """Axis just around the error bars; grouped dots would otherwise start it at zero."""
    low = min(x - below for dots in traces for x, below in zip(dots.x, dots.error_x.arrayminus))
    high = max(x + above for dots in traces for x, above in zip(dots.x, dots.error_x.array))
    room = 0.15 * (high - low) or 0.5
    return low - room, high + room


def bars(evidence: Evidence) -> str:
    """Say what error bars are."""
    return f"bars: {evidence.method.confidence:.0%} intervals"


def styled(figure: go.Figure, title: str, explanation: str, evidence: Evidence) -> go.Figure:
    """Give a figure its title, its explanation and the look of all of them."""
    below = f"{evidence.evaluation_set.rows:,} pairs of {evidence.environment}; {explanation}"
    figure.update_layout(
        title={"text": f"{title}<br><sub>{below}</sub>", "x": 0.02, "xanchor": "left"},
        template="plotly_white",
        scattermode="group",
        scattergap=0.5,
        font={"family": "Inter, Helvetica, Arial, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.15, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"l": 10, "r": 40, "t": 120, "b": 10},
    )
    figure.update_yaxes(automargin=True, autorange="reversed")
    return figure
