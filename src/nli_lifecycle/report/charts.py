"""Line charts as inline SVG, coloured by the page's styles: light and dark both work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 340, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 42

Points = Sequence[tuple[float, float]]


def line_chart(
    lines: Mapping[str, Points],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_range: tuple[float, float],
    diagonal: bool = False,
) -> str:
    """Draw one line per model.

    Args:
        lines: class of the line (``candidate``, ``champion``) → its points.
        title: read aloud in place of the picture.
        x_label: with its unit.
        y_label: with its unit.
        x_range: first and last x; y spans what the points do.
        diagonal: whether to draw where x and y are equal.

    Returns:
        An ``<svg>`` element.
    """
    values = [y for points in lines.values() for _, y in points]
    step = 10 if max(values) - min(values) > 25 else 5
    low = max(0.0, step * (min(values) // step))
    high = min(100.0, step * -(-max(values) // step))
    high = high if high > low else low + step

    def across(x: float) -> float:
        return round(
            LEFT + (x - x_range[0]) / (x_range[1] - x_range[0]) * (WIDTH - LEFT - RIGHT), 1
        )

    def up(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
    ]
    for number in range(int(low // step), int(high // step) + 1):
        y = number * step
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y)}" y2="{up(y)}"/>'
            f'<text x="{LEFT - 6}" y="{up(y) + 4}" text-anchor="end">{y:g}</text>'
        )
    for x in range(int(x_range[0]), int(x_range[1]) + 1, 20):
        parts.append(
            f'<text x="{across(x)}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{x}</text>'
        )
    if diagonal:
        first, last = max(low, x_range[0]), min(high, x_range[1])
        parts.append(
            f'<line class="diagonal" x1="{across(first)}" y1="{up(first)}" '
            f'x2="{across(last)}" y2="{up(last)}"/>'
        )
    for name, points in lines.items():
        path = " ".join(f"{across(x)},{up(y)}" for x, y in points)
        parts.append(f'<polyline class="line {escape(name)}" points="{path}"/>')
        parts += [
            f'<circle class="point {escape(name)}" cx="{across(x)}" cy="{up(y)}" r="3"/>'
            for x, y in points
        ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text class="axis" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text class="axis" transform="translate(11 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text></svg>'
    )
    return "".join(parts)
