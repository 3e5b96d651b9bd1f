"""Requests per second, latency and CPU time: the service against MLflow's own scoring server.

    python bench/serving.py --quick              # trains briefly first; ≤ 3 quiet minutes
    python bench/serving.py --checkpoint FOLDER  # a fine-tuned checkpoint of yours
    python bench/serving.py --sick SICK.txt.gz   # on SICK as published (or through NLI_REAL_DATA)

One fine-tuned checkpoint, served four ways on loopback: by this project's service with its
inference log on and off, and by `mlflow models serve` as this project's pyfunc and as MLflow's
transformers flavour. A client in a process of its own keeps 1, 8, 32 or 128 requests of one pair
in flight; servers take turns, and every figure is the median of the rounds. `engine` is the bundle
without any server: batches on all cores side by side (the limit), and one pair at a time on one
thread. The client runs on the same cores, to the disadvantage of whoever answers fastest.
"""

from __future__ import annotations

import os

# Before any library reads them: batches are what runs side by side, and no network.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse  # noqa: E402
import asyncio  # noqa: E402
import json  # noqa: E402
import logging  # noqa: E402
import platform  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from contextlib import ExitStack, contextmanager  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from urllib.request import urlopen  # noqa: E402

import psutil  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

CONCURRENCY = (1, 8, 32, 128)
SERVERS = ("ours", "ours_log_off", "mlflow_pyfunc", "mlflow_transformers")
PATIENCE = 120  # seconds that a server may take to start
ENGINE_BATCH = 64  # pairs of one call, when the engine is measured at its best
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Round:
    """What one server did for one client at one concurrency."""

    rate: float  # requests per second
    p50: float  # ms
    p99: float  # ms
    cpu: float  # ms of the server's processes per request


class Connection(asyncio.Protocol):
    """One kept connection that sends its next request as soon as it has its answer."""

    def __init__(self, requests: Iterator[bytes], seconds: list[float], done: asyncio.Event):
        self._requests, self._seconds, self._done = requests, seconds, done
        self._received = b""
        self._started = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"The server answers: {self._received[:500]!r}")
        self._received = b""
        self._seconds.append(time.perf_counter() - self._started)
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._done.set()


async def keep_in_flight(port: int, requests: list[bytes], concurrency: int) -> list[float]:
    """Send every request once, so many at a time; seconds that each took."""
    seconds: list[float] = []
    queue, loop = iter(requests), asyncio.get_running_loop()
    ends = [asyncio.Event() for _ in range(concurrency)]
    for end in ends:
        await loop.create_connection(lambda: Connection(queue, seconds, end), "127.0.0.1", port)
    await asyncio.gather(*(end.wait() for end in ends))
    if len(seconds) != len(requests):
        raise SystemExit(f"{len(requests) - len(seconds)} requests were not answered.")
    return seconds


def http_request(path: str, document: object) -> bytes:
    body = json.dumps(document).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ask_ours(premise: str, hypothesis: str) -> bytes:
    return http_request("/predict", {"premise": premise, "hypothesis": hypothesis})


def ask_pyfunc(premise: str, hypothesis: str) -> bytes:
    pair = {"premise": premise, "hypothesis": hypothesis}
    return http_request("/invocations", {"dataframe_records": [pair]})


def ask_transformers(premise: str, hypothesis: str) -> bytes:
    pair = {"text": premise, "text_pair": hypothesis}
    return http_request("/invocations", {"dataframe_records": [pair]})


ASKING = {
    "ours": ask_ours,
    "ours_log_off": ask_ours,
    "mlflow_pyfunc": ask_pyfunc,
    "mlflow_transformers": ask_transformers,
}


@contextmanager
def running(command: list[str], port: int, folder: Path, name: str) -> Iterator[psutil.Process]:
    """A server in processes of its own, from its first answer to /ping on."""
    log = folder / f"{name}.log"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PATH": path},  # MLflow looks for uvicorn on it
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.3)
        yield psutil.Process(process.pid)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a server's processes so far."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(member.cpu_times()[:2]) for member in family if member.is_running())


def measure(process: psutil.Process, port: int, requests: list[bytes], concurrency: int) -> Round:
    """Let a client of its own process send the requests."""
    with tempfile.TemporaryFile() as given:
        given.write(b"".join(len(r).to_bytes(4, "big") + r for r in requests))
        given.seek(0)
        before = cpu_seconds(process)
        client = [sys.executable, __file__, "--client", str(port), str(concurrency)]
        told = subprocess.run(client, stdin=given, capture_output=True, check=False)
        used = cpu_seconds(process) - before
    if told.returncode:
        raise SystemExit(told.stderr.decode()[-3000:])
    wall, seconds = json.loads(told.stdout)
    seconds.sort()
    return Round(
        rate=len(seconds) / wall,
        p50=1000 * statistics.median(seconds),
        p99=1000 * seconds[min(len(seconds) - 1, int(0.99 * len(seconds)))],
        cpu=1000 * used / len(seconds),
    )


def be_client(port: int, concurrency: int) -> None:
    """The other side of `measure`: requests on stdin, [wall seconds, [seconds, …]] on stdout."""
    data, requests, position = sys.stdin.buffer.read(), [], 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        requests.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    started = time.perf_counter()
    seconds = asyncio.run(keep_in_flight(port, requests, concurrency))
    json.dump([time.perf_counter() - started, seconds], sys.stdout)


def be_server(payload: Path, port: int, log_folder: Path | None) -> None:
    """This project's service, with a champion that is fixed."""
    from nli_lifecycle.nli.inference import Classifier
    from nli_lifecycle.serving.app import create_app
    from nli_lifecycle.serving.head import Release
    from nli_lifecycle.serving.log.journaled import open_log
    from nli_lifecycle.serving.model import Served, Standing
    from nli_lifecycle.serving.server import make_server
    from nli_lifecycle.serving.settings import FollowSettings, LogSettings, ServingSettings

    release = Release("bench.nli.classifier", "1", "0" * 64, 1)

    class Fixed:
        served = Served(release, Classifier.load(payload, threads=1), payload)
        candidate = None

        def standing(self) -> Standing:
            return Standing(True, time.time(), release, None)

        async def refresh(self) -> None:
            ...

    folder = log_folder or payload
    settings = ServingSettings(
        port=port,
        follow=FollowSettings(cache=str(folder / "cache")),
        log=LogSettings(
            enabled=log_folder is not None,
            url=f"sqlite:///{folder / 'log.db'}",
            journal=str(folder / "journal"),
        ),
    )
    log = open_log(settings.log)
    app = create_app(settings, Fixed(), log)
    make_server(app, settings).run()


def commands(payload: Path, models: dict[str, Path], folder: Path) -> dict[str, list[str]]:
    """How each server is started, but for its port."""
    me = [sys.executable, __file__, "--server", str(payload)]
    mlflow = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    return {
        "ours": [*me, "--log", str(folder / "log"), "--port"],
        "ours_log_off": [*me, "--port"],
        **{name: [*mlflow, "--model-uri", str(path), "--port"] for name, path in models.items()},
    }


def measure_engine(payload: Path, pairs: Pairs, cores: int) -> tuple[float, float]:
    """Pairs per second with all cores busy, and median ms of a pair alone on one thread."""
    from nli_lifecycle.nli.inference import Classifier

    classifier = Classifier.load(payload, threads=1)
    batches = [pairs[i : i + ENGINE_BATCH] for i in range(0, len(pairs), ENGINE_BATCH)]
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda batch: classifier.predict_proba(*zip(*batch)), batches[:cores]))
        started = time.perf_counter()
        list(pool.map(lambda batch: classifier.predict_proba(*zip(*batch)), batches))
        rate = len(pairs) / (time.perf_counter() - started)
    alone = []
    for premise, hypothesis in pairs[:100]:
        started = time.perf_counter()
        classifier.predict_proba([premise], [hypothesis])
        alone.append(time.perf_counter() - started)
    return rate, 1000 * statistics.median(alone)


def prepare(options: argparse.Namespace, folder: Path) -> tuple[str, Pairs, Path, dict[str, Path]]:
    """Corpus, pairs to ask about, our payload, and the two MLflow models."""
    import mlflow
    import transformers
    from inference import MAX_LENGTH, quick_checkpoint
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema
    from training import read_pairs, representative

    from nli_lifecycle.nli.export.payload import export
    from nli_lifecycle.parameters import ExportParameters
    from nli_lifecycle.pyfunc.package import save_pyfunc

    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    corpus, splits = read_pairs(options.sick)
    checkpoint = options.checkpoint or quick_checkpoint(
        splits, folder / "checkpoint", quick=options.quick
    )
    payload = folder / "payload"
    export(checkpoint, payload, ExportParameters(), splits["validation"], max_length=MAX_LENGTH)
    models = {"mlflow_pyfunc": folder / "pyfunc", "mlflow_transformers": folder / "transformers"}
    save_pyfunc(payload, models["mlflow_pyfunc"])
    mlflow.transformers.save_model(
        transformers.pipeline("text-classification", str(checkpoint), device="cpu"),
        str(models["mlflow_transformers"]),
        pip_requirements=["transformers", "torch"],
        signature=ModelSignature(
            Schema([ColSpec("string", "text"), ColSpec("string", "text_pair")]),
            Schema([ColSpec("string", "label"), ColSpec("double", "score")]),
        ),
    )
    asked = representative(splits["test"], 512 if options.quick else 2048)
    return corpus, list(zip(asked["premise"], asked["hypothesis"])), payload, models


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, help="fine-tuned model; default: train one")
    parser.add_argument("--sick", type=Path, help="SICK.txt, or its .gz")
    parser.add_argument("--quick", action="store_true", help="≤ 3 minutes: few rounds")
    parser.add_argument("--client", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--server", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        return be_client(*options.client)
    if options.server:
        return be_server(options.server, options.port, options.log)
    if options.sick is None:
        from training import default_sick

        options.sick = default_sick()
    levels = (1, 32) if options.quick else CONCURRENCY
    rounds = 3 if options.quick else 5
    cores = len(os.sched_getaffinity(0))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        corpus, pairs, payload, models = prepare(options, folder)
        ports, processes = {}, {}
        for name, command in commands(payload, models, folder).items():
            ports[name] = free_port()
            started = running([*command, str(ports[name])], ports[name], folder, name)
            processes[name] = stack.enter_context(started)
        taken: dict[tuple[str, int], list[Round]] = {}
        engine = []
        for number in range(rounds + 1):
            limits = measure_engine(payload, pairs, cores)
            for level in levels:
                for name in SERVERS:
                    count = min(len(pairs), (16 if number == 0 else 64) * (1 + level // 2))
                    count = count // 4 if name == "mlflow_transformers" else count
                    requests = [ASKING[name](*pair) for pair in pairs[: max(count, level)]]
                    found = measure(processes[name], ports[name], requests, level)
                    if number:  # the first round warms up
                        taken.setdefault((name, level), []).append(found)
            if number:
                engine.append(limits)
    tell(corpus, taken, engine, levels)


def tell(
    corpus: str,
    taken: dict[tuple[str, int], list[Round]],
    engine: list[tuple[float, float]],
    levels: Sequence[int],
) -> None:
    """Print the table, then everything as one line of JSON."""
    from training import processor

    table = Table(title=f"{corpus}, one pair a request, median of {len(engine)} rounds")
    for heading in ("server", "in flight", "requests/s", "p50 ms", "p99 ms", "CPU ms/request"):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    medians = {
        key: Round(
            *(
                statistics.median(getattr(r, field) for r in found)
                for field in ("rate", "p50", "p99", "cpu")
            )
        )
        for key, found in taken.items()
    }
    for (name, level), m in medians.items():
        cells = f"{m.rate:.0f}", f"{m.p50:.1f}", f"{m.p99:.1f}", f"{m.cpu:.2f}"
        table.add_row(name, str(level), *cells)
    limit, alone = (statistics.median(values) for values in zip(*engine))
    table.add_row("engine, no server", "–", f"{limit:.0f}", f"{alone:.1f}", "", "")
    Console().print(table)

    def ratio(other: str, level: int = 32) -> float:
        rounds = zip(taken["ours", level], taken[other, level])
        return round(statistics.median(ours.rate / theirs.rate for ours, theirs in rounds), 2)

    shares = (ours.rate / whole for ours, (whole, _) in zip(taken["ours", 32], engine))
    figures = {
        "share_of_engine_c32": round(statistics.median(shares), 3),
        "ratio_vs_mlflow_transformers_c32": ratio("mlflow_transformers"),
        "ratio_vs_mlflow_pyfunc_c32": ratio("mlflow_pyfunc"),
        "p99_ms_c32": round(medians["ours", 32].p99, 1),
        "p50_ms_c1": round(medians["ours", 1].p50, 2),
        "cpu_ms_per_request": round(medians["ours", 32].cpu, 3),
        "log_on_share": ratio("ours_log_off"),
        "engine_pairs_per_s": round(limit, 1),
        "engine_ms_alone": round(alone, 2),
        "p99_ms_c32_others": {n: round(medians[n, 32].p99, 1) for n in SERVERS[1:]},
        "cpu_ms_per_request_others": {n: round(medians[n, 32].cpu, 2) for n in SERVERS[1:]},
        "requests_per_s": {
            name: {str(level): round(medians[name, level].rate, 1) for level in levels}
            for name in SERVERS
        },
        "corpus": corpus,
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
