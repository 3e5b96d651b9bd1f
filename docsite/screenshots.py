"""Write docs/images/viz-*.png from the static kedro-viz build: `make viz-static`, then this.

Needs playwright and Chromium, and a run before it, whose plots and tables it shows. It first looks
at the details of every data set, and stops where a pipeline has no layers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).parents[1]
BUILD = PROJECT / ".site" / "pipelines"
IMAGES = PROJECT / "docs" / "images"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/google-chrome")
PIPELINES = ("data_engineering", "training", "evaluation", "promotion", "batch_scoring")
PREVIEW = "metrics_plot"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


@contextmanager
def served() -> Iterator[str]:
    """The build's address while the block runs."""
    handler = partial(_Quiet, directory=str(BUILD))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read(name: str) -> Any:
    """An answer that the build has saved."""
    return json.loads((BUILD / "api" / name).read_text(encoding="utf-8"))


def check() -> dict[str, str]:
    """Open every data set of every pipeline.

    Returns:
        Name of each data set → kind of its preview, or nothing.

    Raises:
        SystemExit: a pipeline has no layers, or a data set has no details.
    """
    previews: dict[str, str] = {}
    faults: list[str] = []
    for pipeline in read("main")["pipelines"]:
        graph = read(f"pipelines/{pipeline['id']}")
        if not graph["layers"]:
            faults.append(f"{pipeline['id']} shows no layers")
        for node in graph["nodes"]:
            if node["type"] != "data":
                continue
            try:
                previews[node["name"]] = read(f"nodes/{node['id']}").get("preview_type") or ""
            except (OSError, ValueError) as error:
                faults.append(f"{node['name']}: {error}")
    if faults:
        raise SystemExit("\n".join(faults))
    return previews


def draw(address: str, page: Page) -> None:
    """Write one image a pipeline, and one of a plot's preview."""
    for pipeline in PIPELINES:
        show(page, f"{address}/?pid={pipeline}", ".pipeline-node")
        if pipeline == PIPELINES[0]:  # kedro-viz remembers both
            page.click("[aria-label*='Hide menu']")
            page.click("[aria-label*='light theme']")
        page.wait_for_timeout(3_000)  # the graph moves into its place
        page.screenshot(path=IMAGES / f"viz-{pipeline}.png")
    graph = read("pipelines/evaluation")
    (node,) = (node for node in graph["nodes"] if node["name"] == PREVIEW)
    show(page, f"{address}/?pid=evaluation&sid={node['id']}", ".pipeline-metadata")
    page.click("text=Expand preview")  # beside it stands a path of this machine
    page.wait_for_timeout(3_000)
    page.screenshot(path=IMAGES / "viz-preview.png")


def show(page: Page, address: str, awaited: str) -> None:
    """Open a page without kedro-viz's tour, which would cover the picture."""
    page.goto(address)
    page.add_style_tag(content="[class*='feature-hints'] { display: none !important; }")
    page.wait_for_selector(awaited)
    page.wait_for_timeout(1_000)


def main() -> None:
    """Check, then draw."""
    for name, kind in sorted(check().items()):
        print(f"{name:30} {kind}")
    chromium = next(path for path in CHROMIUM if Path(path).exists())
    with served() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        draw(address, page)
        browser.close()


if __name__ == "__main__":
    main()
