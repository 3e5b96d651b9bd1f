"""uvicorn as the service wants it: fast, quiet about texts, and finishing what it began."""

from __future__ import annotations

import math

import uvicorn
from fastapi import FastAPI

from nli_lifecycle.serving.settings import ServingSettings

CONNECTIONS_WAITING = 2048


def make_server(app: FastAPI, settings: ServingSettings) -> uvicorn.Server:
    """Make the server, to be run by ``run()`` or ``await serve()``.

    On SIGTERM and Ctrl-C it takes no more connections, and ends when all requests in flight are
    answered, at the latest when they would have timed out.

    Args:
        app: what ``create_app`` made.
        settings: host, port and the longest that a request may take.
    """
    longest_s = settings.limits.slow_client_s + settings.batching.timeout_s
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            ws="none",
            proxy_headers=False,  # nobody asks for the caller's address
            lifespan="on",
            access_log=False,  # costs more than the rest of a request's way
            server_header=False,
            date_header=False,
            log_level="warning",
            backlog=CONNECTIONS_WAITING,
            timeout_graceful_shutdown=math.ceil(longest_s),
        )
    )
