"""`nli-serve`: answer requests with an environment's champion, and follow it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import click

from nli_lifecycle.commands.serving_place import (
    ServingPlace,
    StartError,
    of_names,
    of_project,
    shown,
)
from nli_lifecycle.serving.settings import ServingSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from nli_lifecycle.serving.following import Following
    from nli_lifecycle.serving.head import HeadReader

logger = logging.getLogger("nli_lifecycle.serve")

#: A service asks often and has something to serve meanwhile: it is patient with nobody, and opens
#: a database anew at each look, so that one that was moved or restored is seen. Own values win.
CLIENT_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool",
    "PGCONNECT_TIMEOUT": "5",
}


class Refused(click.ClickException):
    """The service does not start; the message says why, in one line."""

    exit_code = 2


@click.command(name="nli-serve")
@click.option("--env", envvar="NLI_SERVE_ENV", help="environment of the project's configuration")
@click.option("--conf-source", help="configuration folder or archive; none: the project's")
@click.option("--model", envvar="NLI_SERVE_MODEL", help="registered model; without a project")
@click.option("--registry-uri", help="with --model: address of its registry")
@click.option("--tracking-uri", help="with --model: address of its ledger, if elsewhere")
@click.option("--settings", "file", envvar="NLI_SERVE_SETTINGS", help="with --model: a YAML file")
@click.option("--host", envvar="NLI_SERVE_HOST", help="address to listen on")
@click.option("--port", envvar="NLI_SERVE_PORT", type=int, help="port to listen on; 0: any")
@click.option("--print-settings", is_flag=True, help="print the settings as YAML, and end")
def serve(
    env: str | None,
    conf_source: str | None,
    model: str | None,
    registry_uri: str | None,
    tracking_uri: str | None,
    file: str | None,
    host: str | None,
    port: int | None,
    print_settings: bool,
) -> None:
    """Answer requests with the champion of an environment, and follow it."""
    for name, value in CLIENT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    said = {"host": host, "port": port}
    changed = {name: value for name, value in said.items() if value is not None}
    with _refusals():
        if model is not None:
            place, settings = of_names(
                model,
                env=env,
                registry_uri=registry_uri,
                tracking_uri=tracking_uri,
                file=file,
                changed=changed,
            )
        elif env is not None:
            logging.disable(logging.INFO)  # else importing Kedro prints which logging it uses
            place, settings = of_project(env, conf_source, changed)
            logging.disable(logging.NOTSET)
        else:
            raise StartError(
                "Say which model to serve: --env <environment> of this project, or --model "
                "prod.nli.classifier --registry-uri <address>."
            )
    if print_settings:
        click.echo(shown(settings), nl=False)
        return
    _log_to_stderr()
    _end_well_on_sigterm()
    run(settings, place)


def run(settings: ServingSettings, place: ServingPlace) -> None:
    """Put the service together and run it until it is told to end."""
    with _refusals():
        from nli_lifecycle.serving.following import Following
        from nli_lifecycle.serving.server import make_server

        head = place.head()
        shadow = settings.shadow.share > 0 and settings.log.enabled
        following = Following(head, settings.follow, with_candidate=shadow)
    with closing(following):
        with _refusals():
            _check_there_is_something(place, following)
            listening = _listen(settings.host, settings.port)
            app = _assemble(settings, place.environment, following, head)
        with listening:
            following.start()
            address = "http://%s:%d" % listening.getsockname()[:2]
            logger.info("%s is served at %s", place.model, address)
            make_server(app, settings).run(sockets=[listening])


def _assemble(
    settings: ServingSettings, environment: str, following: Following, head: HeadReader
) -> FastAPI:
    """The application with its log, its batcher, and the shadow that uses what that one spares."""
    from nli_lifecycle.serving.app import create_app
    from nli_lifecycle.serving.batching.batcher import Batcher
    from nli_lifecycle.serving.log.journaled import open_log
    from nli_lifecycle.serving.shadow import Shadow

    log = open_log(settings.log, environment=environment, folder_of=following.folder_of)
    batcher = Batcher(settings.batching)
    shadow = None
    if log is not None and settings.shadow.share > 0:
        shadow = Shadow(following, log, settings.shadow, spare=lambda: batcher.spare)
    return create_app(settings, following, log, head, batcher=batcher, shadow=shadow)


def main() -> NoReturn:
    """Entry point of the installed command."""
    serve.main(prog_name="nli-serve")
    raise AssertionError("click ends the process")


def _check_there_is_something(place: ServingPlace, following: Following) -> None:
    """Refuse where the embedded registry was never made: waiting for it would hide a wrong path.

    Raises:
        StartError: there is neither a registry nor anything that was served before.
    """
    from nli_lifecycle.lifecycle.registry.stores import check_present
    from nli_lifecycle.lifecycle.versions import RegistryError

    try:
        check_present(place.registry_uri)
    except RegistryError as error:
        if following.latest is None:
            raise StartError(
                f"{error} Release something first (`kedro run --env {place.environment}`), or "
                "name another registry (MLFLOW_TRACKING_URI, --registry-uri)."
            ) from error


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else starts.

    Raises:
        StartError: another process has it, or it may not be taken.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise StartError(
            f"Cannot listen on {host} port {port}: {why}. Choose another one: --port, or port in "
            "serving.yml."
        ) from error


@contextmanager
def _refusals() -> Iterator[None]:
    """End the process with one line where the cause is foreseen: our own errors are for people."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.startswith("nli_lifecycle."):
            raise Refused(str(error)) from error
        if isinstance(error, OSError):
            raise Refused(
                f"{error.strerror or error}: {error.filename or 'the service'}"
            ) from error
        raise


def _log_to_stderr() -> None:
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr, force=True)
    for library in ("alembic", "mlflow", "kedro"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _end_well_on_sigterm() -> None:
    """Unwind on SIGTERM: uvicorn sends it on once the last request in flight is answered."""

    def end(signum: int, frame: Any) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    main()
