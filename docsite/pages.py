"""mkdocs hook: a pattern in `nav` stands for the pages that no other entry names."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any


def expand(nav: list[Any], pages: list[str]) -> list[Any]:
    """Replace patterns by pages, each page once.

    Args:
        nav: entries as in mkdocs.yml: a page, a pattern, or one title with a page or a list.
        pages: every page, by its path below docs/.

    Returns:
        The same tree. A pattern, or a plain page, that matches nothing is left out: the page may
        come later. More exact entries are served first, whatever their order.
    """
    named = {entry for entry in _entries(nav) if "*" not in entry}
    patterns = sorted((entry for entry in _entries(nav) if "*" in entry), key=len, reverse=True)
    found: dict[str, list[str]] = {pattern: [] for pattern in patterns}
    for page in sorted(set(pages) - named):
        for pattern in patterns:
            if fnmatch(page, pattern) and page.count("/") == pattern.count("/"):
                found[pattern].append(page)
                break
    return _replaced(nav, found, set(pages))


def on_files(files: Any, config: Any) -> Any:
    """Called by mkdocs once it knows the pages, before it makes the navigation."""
    config["nav"] = expand(config["nav"], [page.src_uri for page in files.documentation_pages()])
    return files


def _entries(nav: list[Any]) -> list[str]:
    found: list[str] = []
    for entry in nav:
        target = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += _entries(target) if isinstance(target, list) else [target]
    return found


def _replaced(nav: list[Any], found: dict[str, list[str]], pages: set[str]) -> list[Any]:
    made: list[Any] = []
    for entry in nav:
        if isinstance(entry, dict):
            ((title, target),) = entry.items()
            made.append(
                {title: _replaced(target, found, pages) if isinstance(target, list) else target}
            )
        elif "*" in entry:
            made += found[entry]
        elif entry in pages:
            made.append(entry)
    return made
