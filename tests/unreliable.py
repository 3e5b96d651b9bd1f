"""A proxy before an MLflow server that loses answers, fails, delays and duplicates requests.

What it does is decided by a seeded lot per request, so that a failing run can be repeated.
"""

from __future__ import annotations

import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Unreliable:
    """Serves on a port of its own until closed.

    Args:
        server: address of the real server.
        seed: of the lot.
        share: of the changing requests that go wrong.
    """

    def __init__(self, server: str, seed: int, share: float = 0.25) -> None:
        self.done: Counter[str] = Counter()
        self._lot, self._lock, self._share = random.Random(seed), threading.Lock(), share
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet per answer, or each waits 40 ms for the one before

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length) if length else None
                what = outer._draw(self.command, self.path)
                if what == "refuse":
                    return self._answer(500, b'{"error_code": "INTERNAL_ERROR", "message": "no"}')
                status, headers, content = self._forward(server, body)
                if what == "duplicate":
                    status, headers, content = self._forward(server, body)
                if what == "lose":  # done, and nobody hears of it
                    self.close_connection = True
                    return self.connection.close()
                if what == "fail after":
                    return self._answer(503, b"upstream hiccup")
                if what == "delay":
                    time.sleep(0.3)
                self._answer(status, content, headers)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

            def _forward(self, server: str, body: bytes | None):
                kept = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("host", "connection", "accept-encoding")
                }
                request = urllib.request.Request(
                    server + self.path, data=body, headers=kept, method=self.command
                )
                try:
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        return answer.status, dict(answer.headers), answer.read()
                except urllib.error.HTTPError as error:
                    return error.code, dict(error.headers), error.read()

            def _answer(self, status: int, content: bytes, headers=None) -> None:
                self.send_response(status)
                kind = (headers or {}).get("Content-Type", "application/json")
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()

    def _draw(self, method: str, path: str) -> str:
        """What happens to a request; reading ones only fail, and less often."""
        with self._lock:
            reads = method == "GET" or "search" in path
            if self._lot.random() >= (self._share / 5 if reads else self._share):
                return "pass"
            kinds = ["refuse", "delay"] if reads else ["refuse", "lose", "fail after", "duplicate"]
            what = self._lot.choice([*kinds, "delay"])
            self.done[what] += 1
            return what
