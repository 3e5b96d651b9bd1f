"""Rows of the report's tables, with their bars laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.nli.metrics.figures import Interval, SubsetMeasures
from nli_lifecycle.report.tracks import Bar, Mark, Track, common_track

#: Field → name, decimals, and the factor to the unit that people read.
FIGURES = {
    "accuracy": ("Accuracy", 2, 100),
    "macro_f1": ("Macro-F1", 2, 100),
    "log_loss": ("Log loss", 4, 1),
    "brier": ("Brier score", 4, 1),
}


@dataclass(frozen=True)
class Row:
    """One line of a forest plot: name, figures as text, bar, and lines to compare with."""

    name: str
    note: str
    text: str
    bar: Bar
    worse: bool
    limits: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Forest:
    """Rows on a common scale."""

    title: str
    rows: tuple[Row, ...]
    ticks: tuple[Mark, ...]
    zero: float | None
    margin: float | None = None


def compared_figures(evidence: Evidence, margins: Mapping[str, float | None]) -> tuple[Forest, ...]:
    """Lay out the differences from the champion: shares in points, and losses.

    Args:
        evidence: with a comparison; without one there is nothing to lay out.
        margins: field → the most it may be worse, in the figure's own unit; None: not asked.
    """
    if evidence.comparison is None:
        return ()
    forests = []
    for title, fields, sign in (
        ("points; right is better", ("accuracy", "macro_f1"), -1),
        ("nats and Brier score; left is better", ("log_loss", "brier"), 1),
    ):
        found: dict[str, Interval] = {
            field: getattr(evidence.comparison, field) for field in fields
        }
        scale = FIGURES[fields[0]][2]
        limits = {
            field: sign * margin / scale
            for field in fields
            if (margin := margins.get(field)) is not None
        }
        track = common_track(found.values(), [0.0, *limits.values()])
        rows = tuple(
            Row(
                name=FIGURES[field][0],
                note="",
                text=_difference(interval, FIGURES[field][1], scale),
                bar=track.bar(interval),
                worse=interval.upper < 0 if sign < 0 else interval.lower > 0,
                limits=(Mark(track.place(limits[field]), f"margin {scale * limits[field]:+g}"),)
                if field in limits
                else (),
            )
            for field, interval in found.items()
        )
        forests.append(_forest(title, rows, track, scale))
    return tuple(forests)


def policy_margins(policy: Policy) -> dict[str, float | None]:
    """Margins of the policy by figure, in its own units."""
    return dict(policy.non_inferiority.model_dump())


def parts_table(parts: Sequence[SubsetMeasures], margin: float | None) -> Forest | None:
    """Lay out slices or suites, worst first: differences, or accuracies without a champion.

    Returns:
        None where there are none.
    """
    if not parts:
        return None
    compared = all(part.difference is not None for part in parts)
    drawn = {id(part): part.difference or part.candidate for part in parts}
    limits = [0.0, -(margin or 0) / 100] if compared else []
    track = common_track(drawn.values(), limits)
    rows = tuple(
        Row(
            name=f"{part.kind}: {part.name}",
            note=f"{part.rows:,} pairs, {100 * part.candidate.estimate:.1f}% right"
            if compared
            else f"{part.rows:,} pairs",
            text=_difference(drawn[id(part)], 1, 100) if compared else _share(drawn[id(part)]),
            bar=track.bar(drawn[id(part)]),
            worse=compared and 100 * drawn[id(part)].upper < -(margin or 0),
        )
        for part in sorted(parts, key=lambda part: drawn[id(part)].estimate)
    )
    title = "candidate − champion, points" if compared else "accuracy, %"
    limit = track.place(-margin / 100) if compared and margin is not None else None
    return _forest(title, rows, track, 100, signed=compared, margin=limit)


def _forest(
    title: str,
    rows: tuple[Row, ...],
    track: Track,
    scale: float,
    signed: bool = True,
    margin: float | None = None,
) -> Forest:
    zero = track.place(0) if signed else None
    return Forest(title, rows, tuple(track.ticks(scale, signed)), zero, margin)


def _difference(interval: Interval, digits: int, scale: float) -> str:
    estimate, lower, upper = (
        f"{scale * value:+.{digits}f}"
        for value in (interval.estimate, interval.lower, interval.upper)
    )
    return f"{estimate} ({lower} to {upper})"


def _share(interval: Interval) -> str:
    return (
        f"{100 * interval.estimate:.1f} ({100 * interval.lower:.1f} to {100 * interval.upper:.1f})"
    )
