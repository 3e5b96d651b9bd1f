"""Serve a tiny classifier in a process of its own: python serve_tiny.py PAYLOAD TOKEN."""

from __future__ import annotations

import sys
from pathlib import Path

from running_service import FixedReader, FixedSource, ListLog, make_settings, serve

from nli_lifecycle.serving.app import create_app
from nli_lifecycle.serving.server import make_server


def main() -> None:
    """Print the port once the service listens."""
    payload, token = sys.argv[1:]
    settings = make_settings()
    environment = {"NLI_SERVE_TOKEN": token, "NLI_SERVE_ADMIN_TOKEN": token}
    source = FixedSource(serve(Path(payload)))
    app = create_app(settings, source, ListLog(), FixedReader(), environment=environment)
    server = make_server(app, settings)

    begin = server.startup

    async def announced(*given: object, **named: object) -> None:
        await begin(*given, **named)  # type: ignore[arg-type]
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)

    server.startup = announced  # type: ignore[method-assign]
    server.run()


if __name__ == "__main__":
    main()
