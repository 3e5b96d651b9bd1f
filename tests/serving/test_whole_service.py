"""The service with everything in it: following, batching, log, shadow and page, over HTTP."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from released_bundles import PAIR, MemoryHead, answer_of, until
from running_service import Client, make_settings, running

from nli_lifecycle.commands.serve import _assemble
from nli_lifecycle.nli.inference import LABELS
from nli_lifecycle.serving.following import Following
from nli_lifecycle.serving.log.reading import LogReader

pytest_plugins = ["serving_followers"]

ASKED = {"premise": PAIR[0][0], "hypothesis": PAIR[1][0]}
COLUMNS = ("request_id", "role", "version", "epoch", "digest", "label")


@dataclass
class Whole:
    """A running service, and where its log is."""

    client: Client
    following: Following
    url: str

    def rows(self) -> list[dict]:
        found = []
        for batch in LogReader(self.url).rows(columns=COLUMNS):
            found += [dict(zip(COLUMNS, row)) for row in zip(*(batch[name] for name in COLUMNS))]
        return found


@contextmanager
def whole(head: MemoryHead, folder: Path, **changed) -> Iterator[Whole]:
    url = f"sqlite:///{folder / 'log.db'}"
    settings = make_settings(
        follow={"cache": str(folder / "cache"), "poll_s": 60},
        log={"url": url, "journal": str(folder / "journal"), "flush_ms": 20},
        **changed,
    )
    shadowed = settings.shadow.share > 0
    with closing(Following(head, settings.follow, with_candidate=shadowed)) as following:
        following.look()
        app = _assemble(settings, "prod", following, head)
        with running(app, settings) as client:
            yield Whole(client, following, url)


@pytest.mark.slow
def test_200_swaps_under_load(head, bundles, tmp_path):
    """No request fails, no answer is half one version's, and the log says which one it was."""
    head.release(bundles[0], 1)
    expected = {str(i): answer_of(bundle)[0] for i, bundle in enumerate(bundles[:3])}
    over, faults, answers = threading.Event(), [], []
    with whole(head, tmp_path) as service:

        def ask(number: int) -> None:
            epoch = 0
            for turn in itertools.count():
                if over.is_set():
                    return
                name = f"caller-{number}-{turn}"
                reply = service.client.post(
                    "/predict", {"pairs": [ASKED] * (1 + turn % 9)}, {"X-Request-Id": name}
                )
                if reply.status != 200:
                    faults.append(reply)
                    return
                told = reply.json()
                version, at = told["model"]["version"], told["model"]["epoch"]
                found = [[p["probabilities"][x] for x in LABELS] for p in told["predictions"]]
                wanted = expected[str((int(version) - 1) % 3)]
                if at < epoch or not np.allclose(found, wanted, atol=0.02):
                    faults.append((at, epoch, version, found))
                epoch = at
                answers.append((name, version, at, len(found)))

        callers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for caller in callers:
            caller.start()
        for epoch in range(2, 202):
            head.release(bundles[(epoch - 1) % 3], epoch)
            service.following.look()
        over.set()
        for caller in callers:
            caller.join()
        assert faults == []
        assert len({at for _, _, at, _ in answers}) > 50
    logged: dict[str, set] = {}
    for row in service.rows():
        logged.setdefault(row["request_id"], set()).add((row["version"], row["epoch"]))
    assert logged == {name: {(version, epoch)} for name, version, epoch, _ in answers}
    assert len(service.rows()) == sum(pairs for *_, pairs in answers)


def test_the_candidate_answers_for_the_log_only(head, bundles, tmp_path):
    champion = head.release(bundles[0], 4, version="1")
    candidate = head.submit(bundles[1], version="2")
    with whole(head, tmp_path, shadow={"share": 1.0}) as service:
        for number in range(3):
            reply = service.client.post("/predict", ASKED, {"X-Request-Id": f"call-{number}"})
            assert reply.json()["model"]["version"] == "1"
        shadow = service.client.get("/status").json()["shadow"]
        assert (shadow["version"], shadow["digest"]) == ("2", candidate.digest[:12])
        assert shadow["share"] == 1.0
        until(lambda: len(service.rows()) == 6)
    found = {(row["request_id"], row["role"], row["digest"]) for row in service.rows()}
    assert found == {
        (f"call-{number}", role, release.digest)
        for number in range(3)
        for role, release in (("champion", champion), ("shadow", candidate))
    }


def test_no_shadow_is_told_where_none_answers(head, bundles, tmp_path):
    head.release(bundles[0], 1)
    with whole(head, tmp_path) as service:
        assert service.client.get("/status").json()["shadow"] is None


def test_the_registry_goes_away(head, bundles, tmp_path):
    head.release(bundles[0], 1)
    with whole(head, tmp_path) as service:
        head.away = "The registry is away."
        service.following.look()
        ready = service.client.get("/ready")
        assert ready.status == 200
        assert ready.json()["reachable"] is False
        assert service.client.post("/predict", ASKED).status == 200
    with whole(head, tmp_path) as service:  # started again, from its cache alone
        reply = service.client.post("/predict", ASKED)
        assert (reply.status, reply.headers["x-model-version"]) == (200, "1")


def test_a_share_of_requests_is_logged_once_not_twice_over(head, bundles, tmp_path):
    """Half of 400 requests, give or take five standard deviations."""
    head.release(bundles[0], 1)
    settings = {"url": f"sqlite:///{tmp_path / 'log.db'}", "journal": str(tmp_path / "journal")}
    with closing(
        Following(head, make_settings(follow={"cache": str(tmp_path / "c")}).follow)
    ) as following:
        following.look()
        half = make_settings(log={**settings, "share": 0.5})
        with running(_assemble(half, "prod", following, head), half) as client:
            for number in range(400):
                client.post("/predict", ASKED, {"X-Request-Id": f"call-{number}"})
    logged = Whole(client, following, settings["url"]).rows()
    assert 150 < len(logged) < 250


def test_the_page_and_its_pieces_are_served(head, bundles, tmp_path):
    head.release(bundles[0], 1)
    with whole(head, tmp_path) as service:
        page = service.client.get("/")
        assert page.status == 200 and b"page/page.js" in page.body
        assert service.client.get("/page/page.css").status == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy


@pytest.mark.slow
def test_killed_while_it_answers(head, bundles, tmp_path):
    """Whatever was answered before SIGKILL is in the log of the service that starts next."""
    head.release(bundles[0], 1)
    with whole(head, tmp_path):
        pass  # fills the cache, from which the process below starts
    for round_ in range(3):
        process = subprocess.Popen(
            [sys.executable, __file__, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout is not None
        client = Client(int(process.stdout.readline()))
        answered: list[str] = []

        def ask(number: int) -> None:
            for turn in itertools.count():
                name = f"round-{round_}-{number}-{turn}"
                try:
                    reply = client.post("/predict", ASKED, {"X-Request-Id": name})
                except OSError:
                    return
                if reply.status == 200:
                    answered.append(name)

        callers = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for caller in callers:
            caller.start()
        until(lambda: len(answered) >= 50, 60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        for caller in callers:
            caller.join()
        with whole(head, tmp_path) as service:
            there = lambda: {row["request_id"] for row in service.rows()}  # noqa: E731
            until(lambda: set(answered) <= there(), 30)


def _serve(folder: Path) -> None:
    """A service that starts from the cache in a folder, the registry being away."""
    head = MemoryHead()
    head.away = "The registry is away."
    with whole(head, folder) as service:
        print(service.client.port, flush=True)
        signal.pause()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
