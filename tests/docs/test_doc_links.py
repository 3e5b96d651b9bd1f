"""Every relative link of README and docs leads somewhere, its anchor too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_pages import PAGES, anchors, prose
from project import PROJECT


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere."""
    found = []
    for link in re.findall(r"\]\(([^)\s]+)\)|srcset=\"([^\"]+)\"|src=\"([^\"]+)\"", prose(page)):
        target, _, anchor = next(filter(None, link)).partition("#")
        if re.match(r"\w+:", target):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists():
            found.append(f"{target}: no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            found.append(f"{target}#{anchor}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_and_anchors_resolve(page: Path) -> None:
    assert broken(page) == []


def test_a_missing_file_and_a_missing_heading_are_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[a](gone.md) [b](#here) [c](#there) [d](https://example.org/x)\n")
    assert broken(page) == ["gone.md: no such file", "#there: no such heading"]
