"""Figures of the data report."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from nli_lifecycle.nli.labels import LABELS
from nli_lifecycle.nli.data.quality import DataReport
from nli_lifecycle.nli.data.tally import GENRES, OTHER_GENRES, Tally

LABEL_COLOURS = {"entailment": "#2a9d8f", "neutral": "#6c7a93", "contradiction": "#e76f51"}
TEXT_COLOURS = {"premise": "#33658a", "hypothesis": "#f6ae2d"}

#: Genres drawn; the report lists more.
GENRE_BARS = 15

#: Steps of the histogram of lengths, at most.
LENGTH_BINS = 40


def plot_labels(report: DataReport) -> go.Figure:
    """Draw each split's labels as shares, with their counts.

    Args:
        report: the data report.

    Returns:
        One stacked bar per split that has rows.
    """
    splits = [name for name, rows in report.rows.items() if rows]
    names = [f"{name}<br>{report.rows[name]:,} pairs" for name in splits]
    figure = go.Figure()
    for label in LABELS:
        counts = [report.labels[name][label] for name in splits]
        shares = [count / report.rows[name] for count, name in zip(counts, splits)]
        figure.add_bar(
            y=names,
            x=shares,
            name=label,
            orientation="h",
            marker_color=LABEL_COLOURS[label],
            text=[f"{count:,} ({share:.0%})" for count, share in zip(counts, shares)],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont_color="white",
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    return _styled(figure, "Labels by split", "share of the split's pairs", "")


def plot_lengths(counts: Tally) -> go.Figure:
    """Draw how long premises and hypotheses are.

    Args:
        counts: counts of the pairs.

    Returns:
        Two histograms in words; the longest hundredth is counted in the last step.
    """
    words = {"premise": counts.premise_words, "hypothesis": counts.hypothesis_words}
    sizes = {name: np.repeat(list(part), list(part.values())) for name, part in words.items()}
    longest = max(int(np.quantile(size, 0.99)) for size in sizes.values())
    step = -(-longest // LENGTH_BINS)
    figure = go.Figure()
    for name, size in sizes.items():
        pairs = np.bincount((np.minimum(size, longest) - 1) // step)
        figure.add_scatter(
            x=(np.arange(len(pairs)) + 0.5) * step + 0.5,
            y=pairs,
            name=f"{name} (median {int(np.median(size))})",
            mode="lines",
            line={"shape": "hvh", "color": TEXT_COLOURS[name], "width": 2},
            fill="tozeroy",
        )
    figure.update_yaxes(rangemode="tozero")
    return _styled(figure, "Lengths of the texts", f"words (last step: {longest} or more)", "pairs")


def plot_genres(report: DataReport, counts: Tally) -> go.Figure:
    """Draw the labels within the most frequent genres.

    Args:
        report: the data report.
        counts: counts of the pairs.

    Returns:
        One stacked bar per genre, the most frequent on top.
    """
    top = [genre for genre in counts.genres if genre != OTHER_GENRES][:GENRE_BARS]
    figure = go.Figure()
    for label in LABELS:
        figure.add_bar(
            y=top,
            x=[counts.genres[genre].get(label, 0) for genre in top],
            name=label,
            orientation="h",
            marker_color=LABEL_COLOURS[label],
        )
    figure.update_layout(barmode="stack")
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(autorange="reversed")
    total = f"more than {GENRES}" if OTHER_GENRES in counts.genres else len(counts.genres)
    several = OTHER_GENRES in counts.genres or len(counts.genres) > len(top)
    title = f"Genres (the {len(top)} largest of {total})" if several else "Genres"
    return _styled(figure, title, f"pairs, of {report.rows_kept:,}", "")


def plot_quarantine(report: DataReport) -> go.Figure:
    """Draw how many rows were set aside for which reason.

    Args:
        report: the data report.

    Returns:
        One bar per reason, or a line that says that there is none.
    """
    reasons = [reason.replace("_", " ") for reason in report.quarantined]
    counts = list(report.quarantined.values())
    figure = go.Figure()
    figure.add_bar(
        y=reasons,
        x=counts,
        orientation="h",
        marker_color="#bc4749",
        text=[f"{count:,} ({count / report.rows_read:.2%})" for count in counts],
        textposition="outside",
        cliponaxis=False,
        showlegend=False,
    )
    figure.update_xaxes(showticklabels=False)  # the bars say their numbers
    figure.update_yaxes(autorange="reversed")
    if not reasons:
        figure.add_annotation(text="Nothing was quarantined", showarrow=False, font_size=18)
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False)
    title = f"Quarantine: {report.rows_quarantined:,} of {report.rows_read:,} rows read"
    return _styled(figure, title, "", "")


def _styled(figure: go.Figure, title: str, x: str, y: str) -> go.Figure:
    figure.update_layout(
        title={"text": title, "x": 0.02, "xanchor": "left"},
        xaxis_title=x,
        yaxis_title=y,
        template="plotly_white",
        font={"family": "Inter, Helvetica, Arial, sans-serif", "size": 13},
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 1,
            "xanchor": "right",
        },
        margin={"l": 10, "r": 40, "t": 80, "b": 10},
    )
    figure.update_yaxes(automargin=True)
    return figure
