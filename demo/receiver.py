"""A webhook's receiver on this machine: it takes what comes and says so."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Received:
    """Where to send, and what has come."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.messages: list[str] = []


@contextmanager
def receiving(say: Callable[[str], None]) -> Iterator[Received]:
    """Receive messages on a free port until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            text = str(json.loads(body).get("text", body.decode()))
            received.messages.append(text)
            say(f"  webhook ◄ {text}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(f"http://127.0.0.1:{server.server_port}/hook")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
