"""Somebody who asks the service about pairs, and says afterwards what was right."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from typing import Any
from urllib.request import urlopen

from stage import BIN, PROJECT, Row, Stage, say

from nli_lifecycle.serving.log.reading import LogReader, NoLogHere

AT_ONCE = 50  # pairs of a request


class Caller:
    """One connection to the service."""

    def __init__(self, port: int, log_url: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._log = LogReader(log_url)
        self._words = 0

    def send(self, pairs: list[Row]) -> None:
        """Ask about pairs, send people's label for each, and wait until the log has them."""
        right, version = 0, ""
        for begin in range(0, len(pairs), AT_ONCE):
            batch = pairs[begin : begin + AT_ONCE]
            asked = [{side: row[side] for side in ("premise", "hypothesis")} for row in batch]
            answer = self.post("/predict", {"pairs": asked})
            version = answer["model"]["version"]
            for position, (row, given) in enumerate(zip(batch, answer["predictions"])):
                right += row["label"] == given["label"]
                word = {"position": position, "label": row["label"], "source": "people"}
                self.post("/feedback", {**word, "request_id": answer["request_id"]})
        self._connection.close()  # the next request opens it anew: the service hangs up on silence
        self._words += len(pairs)
        until("the log has every label", lambda: self._logged() >= self._words)
        share = right / len(pairs)
        say(f"{len(pairs):,} pairs asked and labelled: version {version} is right on {share:.1%}.")

    def version(self) -> str | None:
        """Version of the model that answers; None: none does."""
        model = self.ask("GET", "/ready")["model"]
        self._connection.close()
        return model and str(model["version"])

    def post(self, path: str, body: Any) -> Any:
        """Post JSON."""
        return self.ask("POST", path, json.dumps(body))

    def ask(self, method: str, path: str, body: str | None = None) -> Any:
        """Ask, and read the JSON of the answer."""
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status >= 400:
            raise SystemExit(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
        self._log.close()

    def _logged(self) -> int:
        try:
            return sum(len(batch["arrival"]) for batch in self._log.feedback())
        except NoLogHere:
            return 0


@contextmanager
def service(stage: Stage) -> Iterator[Caller]:
    """`nli-serve` for prod on a free port, and somebody who calls it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--env", "prod", "--conf-source", str(stage.conf), "--port", str(port)]
    say(f"\n$ nli-serve --env prod --port {port} &")
    output = stage.home / "service.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [str(BIN / "nli-serve"), *words], cwd=PROJECT, env=stage.env, stderr=log
        )

    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(output.read_text())
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/ready"):
            return True
        return False

    database = stage.home / "data/prod/07_model_output/inference_log.db"
    try:
        until("the service is ready", ready)
        with closing(Caller(port, f"sqlite:///{database}")) as caller:
            yield caller
    finally:
        process.terminate()
        process.wait(30)


def until(what: str, true: Any, seconds: float = 60) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit(f"Waited {seconds:.0f} s in vain until {what}.")
        time.sleep(0.2)
