"""A workspace's serving API over HTTP, as far as an endpoint's update needs it.

It refuses what the platform refuses: a second endpoint of a name, an update during an update.
An update ends at the test's word.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/api/2.0/serving-endpoints"


class Workspace:
    """What the API knows. ``endpoints`` maps a name to its JSON; ``log`` is what was asked."""

    def __init__(self) -> None:
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.url = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = path.removeprefix(PATH).strip("/").removesuffix("/config") or body.get("name", "")
        there = self.endpoints.get(name)
        if method != "GET":
            self.log.append((method, body))
        if method == "POST":
            if there:
                return 409, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": "it exists"}
            there = {"name": name, "state": {"ready": "NOT_READY", "config_update": "IN_PROGRESS"}}
            self.endpoints[name] = {**there, "pending_config": body["config"]}
            return 200, self.endpoints[name]
        if there is None:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"no {name}"}
        if method == "PUT":
            if there["state"]["config_update"] == "IN_PROGRESS":
                return 409, {"error_code": "RESOURCE_CONFLICT", "message": "update in progress"}
            there["pending_config"] = {
                key: body[key] for key in ("served_entities", "traffic_config")
            }
            there["state"]["config_update"] = "IN_PROGRESS"
        return 200, there

    def finish(self, name: str, fine: bool = True) -> None:
        """End the update that is under way."""
        there = self.endpoints[name]
        pending = there.pop("pending_config")
        if fine:
            there["config"] = pending
        there["state"] = {
            "ready": "READY" if there.get("config") else "NOT_READY",
            "config_update": "NOT_UPDATING" if fine else "UPDATE_FAILED",
        }


@contextmanager
def serving_api() -> Iterator[Workspace]:
    """Serve a workspace on a free port of this machine."""
    workspace = Workspace()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            status, said = workspace.answer(self.command, self.path, body)
            payload = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    workspace.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield workspace
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
