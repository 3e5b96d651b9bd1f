"""A real HTTP receiver of webhooks, that can be slow, broken, elsewhere, or gone."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """Answers as ``script`` says, one entry a request, the last one for all after it.

    An entry is a status, ``("slow", seconds)``, ``("redirect", url)``, ``"reset"``, ``"garbage"``,
    or ``("wait", seconds)`` for 429 with that ``Retry-After``.
    """

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.requests: list[tuple[str, Message, dict]] = []  # path, headers, body

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/S3CRETPATH"

    def handle_error(self, request, client_address) -> None:
        pass  # a caller that gave up is what some tests are about


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append((self.path, self.headers, body))
        act = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        kind, value = act if isinstance(act, tuple) else (act, None)
        if kind == "reset":
            linger = struct.pack("ii", 1, 0)  # closing then sends a reset
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        if kind == "garbage":
            self.wfile.write(b"SSH-2.0-nobody\r\n")
            self.close_connection = True
            return
        if kind == "slow":
            time.sleep(value)
        status = {"slow": 200, "redirect": 302, "wait": 429}.get(kind, kind)
        self.send_response(status)
        if kind == "redirect":
            self.send_header("Location", value)
        if kind == "wait":
            self.send_header("Retry-After", str(value))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


@contextmanager
def receiving(*script) -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    server = Receiver(script or (200,))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
