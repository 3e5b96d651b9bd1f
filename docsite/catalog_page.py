"""docs/reference/catalog.md, from conf/base/catalog_*.yml and the comments in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from tables import NOTE, code, table
from nli_lifecycle import settings
from nli_lifecycle.pipeline_registry import register_pipelines

PROJECT = Path(__file__).parents[1]

INTRODUCTION = """
# Catalog

{note}

Every entry of `conf/base/catalog_*.yml`; the environments share them and differ in `data_root`.
Paths are below it (`data/<env>`, or below `NLI_HOME`). `kedro catalog` lists them too, `make viz`
draws them.
"""


def catalog_page() -> str:
    """The page, as Markdown."""
    loader = OmegaConfigLoader(
        str(PROJECT / "conf"), env="dev", **settings.CONFIG_LOADER_ARGS  # type: ignore[arg-type]
    )
    root, entries = loader["globals"]["data_root"], loader["catalog"]
    parts = [INTRODUCTION.strip().format(note=NOTE)]
    for file in sorted((PROJECT / "conf" / "base").glob("catalog_*.yml")):
        rows = [
            (
                code(name),
                comment.replace("<", "&lt;"),
                _path(entries[name], root),
                _layer(entries[name]),
                code(_kind(entries[name])),
                _writers(name),
            )
            for name, comment in described(file).items()
        ]
        head = ("entry", "what it is", "file", "layer", "type", "written by")
        parts += [f"## {file.stem.removeprefix('catalog_')}", table(head, rows)]
    return "\n\n".join(parts) + "\n"


def described(file: Path) -> dict[str, str]:
    """Entry → the comment on its line; entries that begin with _ are only parts of others."""
    found = re.findall(r"^([a-z]\w*):(?: *&\w+)?(?: +# (.*))?$", file.read_text("utf-8"), re.M)
    return dict(found)


def _inner(entry: dict[str, Any]) -> dict[str, Any]:
    return entry["dataset"] if isinstance(entry.get("dataset"), dict) else entry


def _kind(entry: dict[str, Any]) -> str:
    return str(_inner(entry)["type"]).rpartition(".")[2]


def _path(entry: dict[str, Any], root: str) -> str:
    path = _inner(entry).get("filepath")
    return code(str(path).removeprefix(f"{root}/")) if path else ""


def _layer(entry: dict[str, Any]) -> str:
    return str(entry.get("metadata", {}).get("kedro-viz", {}).get("layer", ""))


def _writers(name: str) -> str:
    pipelines = register_pipelines()
    stages = [stage for stage in pipelines if not stage.startswith("__") and "_and_" not in stage]
    return ", ".join(stage for stage in stages if name in pipelines[stage].all_outputs())
