"""Does a documented command exist, with these options? Checked against click and the Makefile."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
from kedro.framework.cli.catalog import catalog_cli
from kedro.framework.cli.jupyter import jupyter_cli
from kedro.framework.cli.project import project_group
from kedro.framework.cli.registry import registry_cli

from nli_lifecycle.cli import cli
from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.commands.serve import serve

PROJECT = Path(__file__).parents[1]

#: What another package gives `kedro`: its own tests are there, the package may not be here.
ELSEWHERE = {"kedro viz": "kedro-viz, an extra", "kedro mlflow": "kedro-mlflow"}

#: What stands for something the reader has to put in.
PLACEHOLDER = re.compile(r"<[^>]*>|…|\[--[^\]]*\]")


def fault(line: str) -> str | None:
    """Why a line of the documentation is no command of ours that would be understood.

    Args:
        line: as documented, comment included; a line that begins with no command of ours has no
            fault.

    Returns:
        None, or what is wrong.
    """
    text = re.sub(r"^(\$ )?([A-Z_]+=\S* )*", "", line.strip())
    text = re.sub(r"( > \S+)?( 2>&1)?( &)?$", "", text)
    if not re.match(r"(make|kedro|nli-serve|nli-lifecycle)( |$)", text):
        return None
    program, *rest = words = shlex.split(PLACEHOLDER.sub("X", text), comments=True)
    if program == "make":
        return _make(rest)
    if " ".join(words[:2]) in ELSEWHERE:
        return None
    if program == "nli-serve":
        return _click(serve, rest)
    if program == "nli-lifecycle" and (not rest or not rest[0].startswith("-")):
        return _click(lifecycle, rest)
    if program == "nli-lifecycle":
        return _click(cli.commands["run"], rest)
    groups = (cli, project_group, catalog_cli, registry_cli, jupyter_cli)
    commands = {
        name: command for group in reversed(groups) for name, command in group.commands.items()
    }
    return _click(click.Group("kedro", commands=commands), rest)


def _make(rest: list[str]) -> str | None:
    rules = re.findall(r"^([^\s#:=]+):(?!=)", (PROJECT / "Makefile").read_text("utf-8"), flags=re.M)
    for word in rest:
        known = word in rules or re.fullmatch(r"\.venv/\.installed-\w+", word) or "=" in word
        if not known and not word.startswith("-"):
            return f"make has no target {word}"
    return None


def _click(command: click.Command, words: list[str]) -> str | None:
    """Parse words as click would, without running anything or needing the files to exist."""
    while isinstance(command, click.Group):
        if not words:
            return None
        name, *words = words
        if name == "X":
            return None
        found = command.commands.get(name)
        if found is None:
            return f"{command.name} has no command {name}"
        command = found
    try:
        command.make_parser(click.Context(command)).parse_args(list(words))
    except click.BadOptionUsage:  # an option that is only named, as in `kedro run --config`
        return None
    except click.UsageError as error:
        return error.format_message()
    return None
