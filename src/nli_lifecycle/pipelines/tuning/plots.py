"""Plots of a study, for kedro-viz and MLflow."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from nli_lifecycle.nli.tuning.domains import Range
from nli_lifecycle.nli.tuning.report import TrialRecord, TuningReport

COLOURS = {"complete": "#33658a", "pruned": "#b0b7bf", "best": "#f6ae2d"}


def plot_history(report: TuningReport) -> go.Figure:
    """Draw each trial's score, and the best so far."""
    figure = go.Figure()
    for state, trials in _by_state(report).items():
        figure.add_trace(_dots(state, [trial.number for trial in trials], trials))
    scored = [trial for trial in report.trials if trial.score is not None]
    figure.add_scatter(
        x=[trial.number for trial in scored],
        y=list(accumulate((trial.score or 0.0 for trial in scored), max)),
        mode="lines",
        line={"shape": "hv", "color": COLOURS["best"], "width": 2},
        name="best so far",
        hoverinfo="skip",
    )
    figure.update_xaxes(title="trial")
    figure.update_yaxes(title="macro-F1 on validation")
    return _styled(figure, "Trials", "pruned ones at their last validation", report)


def plot_parameters(report: TuningReport) -> go.Figure:
    """Draw the score against each parameter, the most important first."""
    known = report.importance or {}
    names = sorted(report.space, key=lambda name: (-known.get(name, 0), name))
    titles = [f"{name} ({known[name]:.0%})" if name in known else name for name in names]
    figure = make_subplots(
        1, len(names), subplot_titles=titles, shared_yaxes=True, horizontal_spacing=0.03
    )
    for column, name in enumerate(names, start=1):
        for state, trials in _by_state(report).items():
            values = [trial.parameters.get(name) for trial in trials]
            domain = report.space[name]
            shown = values if isinstance(domain, Range) else [str(value) for value in values]
            figure.add_trace(_dots(state, shown, trials, legend=column == 1), 1, column)
        if isinstance(domain, Range):
            scale = "log" if domain.log else "linear"
            figure.update_xaxes(type=scale, nticks=4, exponentformat="e", col=column)
        else:
            order = [str(choice) for choice in domain.choices]
            figure.update_xaxes(
                type="category", categoryorder="array", categoryarray=order, col=column
            )
    figure.update_yaxes(title="macro-F1 on validation", col=1)
    said = "in brackets: share of the score's variance that it explains"
    return _styled(figure, "Parameters", said if known else "too few to weigh them", report)


def plot_curves(report: TuningReport) -> go.Figure:
    """Draw macro-F1 after each validation, one line a trial."""
    figure = go.Figure()
    for state, trials in _by_state(report).items():
        for place, trial in enumerate(trials):
            figure.add_scatter(
                x=list(range(1, len(trial.curve) + 1)),
                y=list(trial.curve),
                mode="lines+markers",
                line={"color": COLOURS[state], "width": 3 if state == "best" else 1.5},
                marker={"size": 6},
                name=state,
                legendgroup=state,
                showlegend=place == 0,
                hovertemplate=_hover(trial),
            )
    figure.update_xaxes(title="validation", dtick=1)
    figure.update_yaxes(title="macro-F1")
    return _styled(figure, "Curves", "pruned trials end early", report)


def _by_state(report: TuningReport) -> dict[str, list[TrialRecord]]:
    """Trials that have a figure to draw, the best apart and last: it is drawn on top."""
    others = [trial for trial in report.trials if trial.number != report.best.number]
    found = {
        state: [trial for trial in others if trial.state == state and trial.curve]
        for state in ("pruned", "complete")
    }
    return {state: trials for state, trials in found.items() if trials} | {"best": [report.best]}


def _dots(
    state: str, values: Iterable[object], trials: list[TrialRecord], legend: bool = True
) -> go.Scatter:
    return go.Scatter(
        x=list(values),
        y=[trial.curve[-1] if trial.score is None else trial.score for trial in trials],
        mode="markers",
        marker={
            "size": 14 if state == "best" else 9,
            "color": COLOURS[state],
            "symbol": {"best": "star", "pruned": "x"}.get(state, "circle"),
        },
        name=state,
        legendgroup=state,
        showlegend=legend,
        text=[_hover(trial) for trial in trials],
        hovertemplate="%{text}",
    )


def _hover(trial: TrialRecord) -> str:
    values = "<br>".join(f"{name} {value}" for name, value in trial.parameters.items())
    return f"trial {trial.number}: %{{y:.4f}}<br>{values}<extra></extra>"


def _styled(figure: go.Figure, title: str, explanation: str, report: TuningReport) -> go.Figure:
    counts = ", ".join(f"{count} {state}" for state, count in report.states.items())
    below = f"study {report.study}: {counts}; {explanation}"
    figure.update_layout(
        title={"text": f"{title}<br><sub>{below}</sub>", "x": 0.02, "xanchor": "left"},
        template="plotly_white",
        font={"family": "Inter, Helvetica, Arial, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.15, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        margin={"l": 10, "r": 40, "t": 120, "b": 10},
    )
    figure.update_yaxes(automargin=True)
    return figure
