"""Write docs/reference/{parameters,cli,catalog}.md from the code: `make reference`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from catalog_page import catalog_page  # noqa: E402
from command_page import command_page  # noqa: E402
from parameter_page import parameter_page  # noqa: E402

PAGES = {"parameters": parameter_page, "cli": command_page, "catalog": catalog_page}


def render() -> dict[str, str]:
    """File name below docs/reference/ → its text."""
    return {f"{name}.md": page() for name, page in PAGES.items()}


if __name__ == "__main__":
    folder = Path(__file__).parents[1] / "docs" / "reference"
    for name, text in render().items():
        (folder / name).write_text(text, encoding="utf-8")
