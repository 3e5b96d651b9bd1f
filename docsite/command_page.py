"""docs/reference/cli.md, from click's commands and the Makefile."""

from __future__ import annotations

import re
from pathlib import Path

import click

from tables import NOTE, code, table
from nli_lifecycle.cli import run
from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.commands.serve import serve

MAKEFILE = Path(__file__).parents[1] / "Makefile"

INTRODUCTION = """
# Commands

{note}

`make` sets up what a verb needs; `kedro` and `nli-…` are in `.venv/bin` once `make install`
(`make serve`) has run. In an installed wheel, `nli-lifecycle status …` is `kedro lifecycle status
…`, and `nli-lifecycle --env staging …` is `kedro run --env staging …`.
"""

#: Kedro's own texts describe its defaults, not ours.
OURS = (
    "Kedro's own options. Here, no `--env` means dev, and no `--pipelines` the environment's "
    "`default_pipelines`."
)


def command_page() -> str:
    """The page, as Markdown."""
    parts = [INTRODUCTION.strip().format(note=NOTE), "## make", _verbs()]
    parts += ["## kedro run", OURS, _about(run, "kedro run")]
    parts += ["## kedro lifecycle", (lifecycle.help or "").strip()]
    for name, command in sorted(lifecycle.commands.items()):
        parts += [f"### {name}", _about(command, f"kedro lifecycle {name}")]
    parts += ["## nli-serve", _about(serve, "nli-serve")]
    return "\n\n".join(parts) + "\n"


def verbs() -> dict[str, str]:
    """make's verbs, as `make help` lists them: name → what it does."""
    found = re.findall(r"^([a-z-]+):.*?## *(.*)$", MAKEFILE.read_text(encoding="utf-8"), re.M)
    return dict(found)


def _verbs() -> str:
    rows = [(code(f"make {verb}"), what) for verb, what in verbs().items()]
    return table(("verb", "what it does"), rows)


def _about(command: click.Command, name: str) -> str:
    pieces = [piece for piece in command.collect_usage_pieces(click.Context(command)) if piece]
    options = [
        _option(parameter) for parameter in command.params if isinstance(parameter, click.Option)
    ]
    said = re.sub(r"\s+", " ", (command.help or "").strip()).replace("\x08", "")
    usage = f"```text\n{' '.join([name, *pieces])}\n```"
    return "\n\n".join(
        part for part in (said, usage, table(("option", "meaning"), options)) if part
    )


def _option(option: click.Option) -> tuple[str, str]:
    said = re.sub(r"\s+", " ", option.help or "").strip().replace("<", "&lt;")
    notes = ["required"] if option.required else []
    notes += [f"also `{option.envvar}`"] if option.envvar else []
    return code(", ".join(sorted(option.opts, key=len))), "; ".join(filter(None, [said, *notes]))
