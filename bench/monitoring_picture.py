"""Draw docs/images/monitoring.png: the page of a made-up report of monitoring.

    python bench/monitoring_picture.py [CHROMIUM]

Needs the extra `dev` (Playwright) and a Chromium.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

from monitoring_story import story  # noqa: E402

from nli_lifecycle.report.monitoring.page import render_monitoring  # noqa: E402

SHOWN = {"width": 1040, "height": 1560}  # down to the strips of drift
TARGET = PROJECT / "docs/images/monitoring.png"


def main() -> None:
    """Render, and take the picture."""
    program = sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=SHOWN, color_scheme="light")
        page.set_content(render_monitoring(story()))
        page.screenshot(path=TARGET)
        browser.close()
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
