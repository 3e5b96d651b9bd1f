"""A chart as inline SVG whose places are percent of its width: text stays readable on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape

from nli_lifecycle.report.monitoring.columns import Columns
from nli_lifecycle.report.monitoring.words import tick

AXIS = 22  # pixels below the plot, for the times
MOST_TICKS = 5
ROOM = 16  # percent of the width from one time to the next, or their texts touch
SHAPES = (
    '<defs><circle id="dot" r="3.4"/><path id="diamond" d="M0-4.6 4.6 0 0 4.6-4.6 0Z"/>'
    '<path id="bell" d="M0-4 4.4 4-4.4 4Z"/><circle id="ring" r="2.8"/>'
    '<path id="cross" d="M-3-3 3 3M-3 3 3-3"/><path id="dash" d="M-2.5 0H2.5"/></defs>'
)


class Plot:
    """Parts of a chart, drawn in order."""

    def __init__(self, title: str, height: int, top: int, bottom: int) -> None:
        """Begin a chart.

        Args:
            title: read aloud in place of the picture.
            height: of everything, in pixels.
            top: where the plot itself begins.
            bottom: where it ends.
        """
        self._parts = [
            f'<svg class="plot" height="{height}" role="img"><title>{escape(title)}</title>'
        ]
        self.top, self.bottom = top, bottom

    def add(self, *parts: str) -> None:
        """Draw."""
        self._parts += parts

    def line(self, kind: str, x: float, y: float, to_x: float, to_y: float) -> None:
        """A line."""
        self.add(
            f'<line class="{kind}" x1="{x:g}%" x2="{to_x:g}%" y1="{y:g}" y2="{to_y:g}"/>',
        )

    def mark(self, kind: str, shape: str, x: float, y: float, title: str = "") -> None:
        """One of ``SHAPES``."""
        used = f'<use class="{kind}" href="#{shape}" x="{x:g}%" y="{y:g}"'
        self.add(f"{used}><title>{escape(title)}</title></use>" if title else f"{used}/>")

    def cell(self, kind: str, x: float, width: float, y: float, height: float, title: str) -> None:
        """A rectangle with a little room beside it."""
        self.add(
            f'<rect class="{kind}" x="{x:g}%" width="{width * 0.9:.3g}%" y="{y:g}" '
            f'height="{height:g}"><title>{escape(title)}</title></rect>'
        )

    def gutter(self, y: float, text: str) -> None:
        """A word left of the plot."""
        self.add(f'<text class="gutter" x="-8" y="{y + 4:g}">{escape(text)}</text>')

    def levels(self, ticks: Sequence[tuple[float, str]]) -> None:
        """Horizontal lines: places in pixels, with their texts."""
        for y, text in ticks:
            self.line("grid", 0, y, 100, y)
            self.gutter(y, text)

    def times(self, columns: Columns, y: float) -> None:
        """When windows began, below the plot; every second one is left out on a phone."""
        count = len(columns.begins)
        span = max(columns.begins) - min(columns.begins) if count else timedelta()
        wanted = sorted({round(at * (count - 1) / (MOST_TICKS - 1)) for at in range(MOST_TICKS)})
        shown: list[tuple[int, float]] = []
        for position in wanted if count else ():
            middle = columns.place(position + 0.5)
            if not shown or middle - shown[-1][1] >= ROOM:
                shown.append((position, middle))
        for at, (position, middle) in enumerate(shown):
            anchor = "start" if middle < 12 else "end" if middle > 88 else "middle"
            kind = "time" if at % 2 == 0 else "time often"
            self.add(
                f'<text class="{kind}" x="{middle:g}%" y="{y:g}" text-anchor="{anchor}">'
                f"{tick(columns.begins[position], span)}</text>"
            )

    def svg(self) -> str:
        """The element."""
        return "".join([*self._parts, "</svg>"])
