"""How a replay looks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nli_lifecycle.commands.replay.account import Account
from nli_lifecycle.replay.runs import FoundRun

#: Digits of a hash that are shown.
SHORT = 12


def print_run(run: FoundRun, said: Mapping[str, Any], console: Console | None = None) -> None:
    """Print what a run was made of; what it does not say is left out."""
    if run.asked != run.run_id:
        click.echo(f"Run {run.asked} is part of run {run.run_id}: that one is shown.")
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for name, value in _rows(said):
        if value:
            rows.add_row(name, Text(value))
    console = console or Console()
    console.print(
        Text.assemble((f"Run {run.run_id}", "bold"), f" · {said['environment']} · {run.status}")
    )
    console.print(rows)


def print_account(account: Account, console: Console | None = None) -> None:
    """Print what differs now, and the command, which is never wrapped: it is to be copied."""
    console = console or Console()
    console.print("\nWhat differs now", style="bold")
    for line in account.differs or ("Nothing.",):
        console.print(Text(f"  {line}"))
    console.print("\nTo run it again", style="bold")
    if account.checkout:
        click.echo(account.checkout)
    click.echo(account.command)


def _rows(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "started", f"{said['started'][:19].replace('T', ' ')} UTC"
    yield "command", said["command"] or ""
    pipelines = said["pipelines"] or ""
    yield "pipelines", pipelines if isinstance(pipelines, str) else ", ".join(pipelines)
    yield "nodes", _flat(said["selection"] or {})
    given = said["runtime_params"] or {}
    yield "given", given if isinstance(given, str) else _flat(given)
    yield "parameters", _flat(said["parameters"])
    yield "data version", (said["data_version"] or "")[:SHORT]
    for used in said["inputs"]:
        rows = "" if used["rows"] is None else f", {used['rows']:,} rows"
        place = f", {used['origin']}" if used["origin"] else ""
        yield f"  {used['context']}", f"{used['name']} ({used['digest'][:SHORT]}){rows}{place}"
    dirty = " and changes that no commit holds" if said["git_dirty"] else ""
    yield "git", f"{said['git_sha'][:SHORT]}{dirty}" if said["git_sha"] else ""
    yield "code", (said["code_version"] or "")[:SHORT]
    yield "libraries", ", ".join(f"{k} {v}" for k, v in (said["libraries"] or {}).items())
    yield "config", (said["config_hash"] or "")[:SHORT]
    yield "training key", said["training_key"] or ""
    yield "digest", (said["digest"] or "")[:SHORT]


def _flat(values: Mapping[str, Any]) -> str:
    """Names and values in one line; those that are null or empty say nothing."""
    return ", ".join(f"{name}={_plain(value)}" for name, value in _leaves(values))


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif value is not None and value != []:
            yield f"{prefix}{name}", value


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
