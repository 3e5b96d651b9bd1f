"""Draw docs/images/lifecycle-{light,dark}.svg, the one diagram: `python docsite/diagram.py`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PALETTES = {
    "light": {
        "ink": "#1f2430",
        "soft": "#5b6472",
        "line": "#8a93a3",
        "lane": "#f4f6fb",
        "box": "#ffffff",
        "edge": "#c4ccda",
        "mark": "#3f51b5",
        "on_mark": "#ffffff",
    },
    "dark": {
        "ink": "#e6e9f0",
        "soft": "#a7b0c0",
        "line": "#7d8798",
        "lane": "#20242e",
        "box": "#2b303c",
        "edge": "#454d5c",
        "mark": "#7f8ff4",
        "on_mark": "#12141a",
    },
}
LANES = ("dev", "staging", "prod")
STEPS = (
    (("data", "kept + quarantined"), ("training", "ONNX bundle, digest")),
    (("data", "kept + quarantined"), ("intake", "the same bytes")),
    (("data", "kept + quarantined"), ("intake", "the same bytes")),
)
REST = (("evaluation", "against the champion"), ("promotion", "policy → decision"))
ENDS = (("champion", "by policy"), ("champion", "by policy"), ("champion", "policy + a person"))
WIDTH, LANE, GAP, TOP = 940, 96, 14, 14
FIRST, STEP, BOX = 96, 166, (150, 52)  # left edge of the first box, from one to the next, its size
BELOW = (
    ("ledger", "hash-chained releases"),
    ("service, scoring", "follow the ledger"),
    ("inference log", "each answer"),
    ("monitoring", "drift, accuracy"),
    ("alerts", "freeze, roll back, retrain"),
)
FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif"
ABOUT = (
    "Three environments, each from data to champion; below them the ledger, the service, "
    "monitoring and alerts"
)
LAST = FIRST + 4 * STEP + BOX[0] // 2  # where the champions' middle is


def draw(colours: dict[str, str]) -> str:
    """The diagram in these colours, as SVG text."""
    height = TOP + 3 * (LANE + GAP) + 92
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="{FONT}" role="img" aria-label="{ABOUT}">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto">'
        f'<path d="M0 0 8 4 0 8z" fill="{colours["line"]}"/></marker></defs>',
    ]
    for row, lane in enumerate(LANES):
        top = TOP + row * (LANE + GAP)
        parts.append(_rect(8, top, (WIDTH - 16, LANE), colours["lane"], "none", 10))
        parts.append(_text(24, top + LANE / 2 + 5, lane, colours["mark"], 15, "700", "start"))
        parts += _row(top + 22, (*STEPS[row], *REST, ENDS[row]), colours, ends=True)
        if row:  # the champion above is this lane's intake
            above, intake = top - GAP - LANE + 22 + BOX[1], FIRST + STEP + BOX[0] // 2
            way = f"M {LAST} {above} V {top - 7} H {intake} V {top + 20}"
            parts.append(_path(way, colours["line"], "4 3"))
    base = TOP + 3 * (LANE + GAP) + 24
    way = f"M {LAST} {base - 60} V {base - 17} H {FIRST + BOX[0] // 2} V {base - 2}"
    parts.append(_path(way, colours["line"]))
    parts += _row(base, BELOW, colours)
    return "\n".join([*parts, "</svg>", ""])


def _row(
    top: int, boxes: Sequence[tuple[str, str]], colours: dict[str, str], ends: bool = False
) -> list[str]:
    """Boxes from left to right with arrows between them; the last one marked, if it ends a lane."""
    parts = []
    for column, (title, below) in enumerate(boxes):
        left, marked = FIRST + column * STEP, ends and column == len(boxes) - 1
        fill, edge = (colours["mark"], "none") if marked else (colours["box"], colours["edge"])
        ink = colours["on_mark"] if marked else colours["ink"]
        soft = colours["on_mark"] if marked else colours["soft"]
        parts.append(_rect(left, top, BOX, fill, edge, 7))
        parts.append(_text(left + BOX[0] / 2, top + 23, title, ink, 14, "600"))
        parts.append(_text(left + BOX[0] / 2, top + 40, below, soft, 11))
        if column:
            parts.append(_path(f"M {left - 16} {top + 26} H {left - 2}", colours["line"]))
    return parts


def _rect(x: int, y: int, size: tuple[int, int], fill: str, edge: str, radius: int) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{size[0]}" height="{size[1]}" rx="{radius}" '
        f'fill="{fill}" stroke="{edge}"/>'
    )


def _text(
    x: float, y: float, text: str, fill: str, size: int, weight: str = "400", anchor: str = "middle"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{text}</text>'
    )


def _path(way: str, colour: str, dashes: str = "none") -> str:
    return (
        f'<path d="{way}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'stroke-dasharray="{dashes}" marker-end="url(#tip)"/>'
    )


if __name__ == "__main__":
    for name, colours in PALETTES.items():
        (IMAGES / f"lifecycle-{name}.svg").write_text(draw(colours))
