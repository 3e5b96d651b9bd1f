"""Draw docs/images/lifecycle-{light,dark}.svg, the one diagram: `python docsite/diagram.py`."""

from __future__ import annotations

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
        "warm": "#b4530a",
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
        "warm": "#f0a35e",
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
WIDTH, LANE, TOP, BOX = 940, 96, 14, (150, 52)


def draw(colours: dict[str, str]) -> str:
    """The diagram in these colours, as SVG text."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOP + 3 * (LANE + 14) + 92}" '
        'font-family="system-ui, -apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif" '
        'role="img" aria-label="Three environments, each from data to champion; below them the ledger, '
        'the service, batch scoring and monitoring">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{colours["line"]}"/></marker></defs>',
    ]
    for row, lane in enumerate(LANES):
        top = TOP + row * (LANE + 14)
        parts.append(_rect(8, top, WIDTH - 16, LANE, colours["lane"], "none", 10))
        parts.append(_text(24, top + LANE / 2 + 5, lane, colours["mark"], 15, "700", "start"))
        steps = (*STEPS[row], *REST, ENDS[row])
        for column, (title, below) in enumerate(steps):
            left = 96 + column * 166
            last = column == len(steps) - 1
            fill, ink = (
                (colours["mark"], colours["on_mark"]) if last else (colours["box"], colours["ink"])
            )
            parts.append(_rect(left, top + 22, *BOX, fill, "none" if last else colours["edge"], 7))
            parts.append(_text(left + 75, top + 45, title, ink, 14, "600"))
            parts.append(_text(left + 75, top + 62, below, ink if last else colours["soft"], 11))
            if column:
                parts.append(_arrow(left - 16, top + 48, left - 2, top + 48, colours["line"]))
        if row:  # the champion above is this lane's intake
            above = top - 14 - LANE + 22 + BOX[1]
            parts.append(
                f'<path d="M {96 + 4 * 166 + 75} {above} V {top - 7} H {96 + 166 + 75} V {top + 20}" fill="none" '
                f'stroke="{colours["line"]}" stroke-width="1.5" stroke-dasharray="4 3" marker-end="url(#tip)"/>'
            )
    base = TOP + 3 * (LANE + 14) + 24
    below = (
        ("ledger", "hash-chained releases"),
        ("service, scoring", "follow the ledger"),
        ("inference log", "each answer"),
        ("monitoring", "drift, accuracy"),
        ("alerts", "freeze, roll back, retrain"),
    )
    parts.append(
        f'<path d="M {96 + 4 * 166 + 75} {TOP + 2 * (LANE + 14) + 74} V {base - 17} H {96 + 75} V {base - 2}" fill="none" '
        f'stroke="{colours["line"]}" stroke-width="1.5" marker-end="url(#tip)"/>'
    )
    for column, (title, what) in enumerate(below):
        left = 96 + column * 166
        parts.append(_rect(left, base, *BOX, colours["box"], colours["edge"], 7))
        parts.append(_text(left + 75, base + 23, title, colours["ink"], 14, "600"))
        parts.append(_text(left + 75, base + 40, what, colours["soft"], 11))
        if column:
            parts.append(_arrow(left - 16, base + 26, left - 2, base + 26, colours["line"]))
    return "\n".join([*parts, "</svg>", ""])


def _rect(
    x: float, y: float, width: float, height: float, fill: str, edge: str, radius: int
) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}" '
        f'fill="{fill}" stroke="{edge}"/>'
    )


def _text(
    x: float, y: float, text: str, fill: str, size: int, weight: str = "400", anchor: str = "middle"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{text}</text>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return (
        f'<path d="M {x:g} {y:g} L {to_x:g} {to_y:g}" stroke="{colour}" stroke-width="1.5" '
        'fill="none" marker-end="url(#tip)"/>'
    )


if __name__ == "__main__":
    for name, colours in PALETTES.items():
        (IMAGES / f"lifecycle-{name}.svg").write_text(draw(colours))
