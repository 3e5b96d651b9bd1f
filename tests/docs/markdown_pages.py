"""The pages that people read, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

from project import PROJECT

PAGES = [PROJECT / "README.md", PROJECT / "conf" / "README.md", *(PROJECT / "docs").rglob("*.md")]


def prose(page: Path) -> str:
    """A page's text without its code blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)


def blocks(page: Path) -> list[str]:
    """A page's code blocks for a shell: those that name no language, or a shell."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text("utf-8"), flags=re.M | re.S)
    return [text for language, text in found if language in ("", "sh", "bash", "console")]


def inline(page: Path) -> list[str]:
    """What stands in backticks in a line of text."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).strip() for heading in headings)
    return {re.sub(r"[ -]+", "-", heading) for heading in plain}
