"""The site builds without a warning, and asks nobody for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from project import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("material", reason="needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    assert not re.search("^WARNING", done.stderr, flags=re.M)
    return folder


def test_every_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    pages = {file.relative_to(PROJECT / "docs") for file in (PROJECT / "docs").rglob("*.md")}
    assert len(pages) > 20
    home = (site / "index.html").read_text()
    navigation = home[home.index("md-nav--primary") :]
    for page in pages:
        assert (site / page.with_suffix(".html")).is_file()
        assert (
            page == Path("index.md")
            or f'href="{page.with_suffix(".html").as_posix()}"' in navigation
        ), page


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loads = re.findall(
            r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert loads == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?https?:|@import", sheet.read_text()), sheet


def test_the_search_finds_a_command_from_disk_without_a_request(site: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = next(
        filter(Path.exists, map(Path, ("/usr/bin/chromium", "/usr/bin/google-chrome"))), None
    )
    if chromium is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "reference" / "cli.html").as_uri())
        page.click(".md-search__input")
        page.keyboard.type("rollback")
        first = page.locator(".md-search-result__item").first
        first.wait_for(timeout=60_000)
        assert "Commands" in first.inner_text()
        browser.close()
    assert [url for url in asked if url.startswith("http")] == []
