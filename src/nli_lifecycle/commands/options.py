"""What the commands share: which registries they are about, --json, --dry-run, --reason."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from nli_lifecycle.commands.places import find_places
from nli_lifecycle.errors import explain

Command = Callable[..., Any]


def located(command: Command) -> Command:
    """Give a command the options that say which registries it is about."""
    options = (
        click.option("--env", help="environment; none: all of them, where only looking"),
        click.option("--model", help="registered model, where there is no project"),
        click.option("--registry-uri", help="address of its registry; with --model"),
        click.option("--tracking-uri", help="address of its ledger, if elsewhere; with --model"),
        click.option("--conf-source", help="configuration folder or archive; none: the project's"),
        click.option("--json", "as_json", is_flag=True, help="answer in JSON"),
    )

    @explained
    @wraps(command)
    def found(
        env: str | None,
        model: str | None,
        registry_uri: str | None,
        tracking_uri: str | None,
        conf_source: str | None,
        **others: Any,
    ) -> Any:
        places = find_places(env, model, registry_uri, tracking_uri, conf_source)
        return command(places, **others)

    for option in reversed(options):
        found = option(found)
    return found


def explained(command: Command) -> Command:
    """Let a foreseeable failure of a command end it with one message."""

    @wraps(command)
    def said(**arguments: Any) -> Any:
        os.environ.setdefault("DO_NOT_TRACK", "1")
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("databricks.sdk").setLevel(logging.ERROR)  # Kedro's log goes to stdout
        try:
            return command(**arguments)
        except (click.ClickException, click.exceptions.Exit):
            raise
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            raise click.ClickException(message) from error

    return said


def changing(command: Command) -> Command:
    """Give a command --dry-run."""
    return click.option("--dry-run", is_flag=True, help="only say what would be done")(command)


def reason(required: bool) -> Callable[[Command], Command]:
    """Give a command --reason."""
    what = "why; kept with the entry, for ever"
    if required:  # no default at all: with one, even None, click asks for nothing
        return click.option("--reason", required=True, help=what)
    return click.option("--reason", default="", help=what)


def done(as_json: bool, dry_run: bool, said: str, **facts: Any) -> None:
    """Say what a changing command did, or would do."""
    if as_json:
        say({"dry_run": dry_run, "said": said, **facts})
    else:
        click.echo(said)


def say(found: Any) -> None:
    """Answer in JSON."""
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))
