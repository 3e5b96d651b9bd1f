"""How fast data engineering is, how it grows, and how much memory it takes.

    python bench/data.py                                   # 1,000,000 pairs; about 10 minutes
    python bench/data.py --quick                           # 60,000 pairs
    python bench/data.py --pairs FILE.jsonl.gz …           # resample these pairs, not the sample's

Pairs are drawn from the given files (JSON lines with premise, hypothesis, label), or from the
generated sample, and perturbed: three words of the premise and one of the hypothesis are replaced,
3% of rows repeat the one before. They are read from one JSONL file through the whole pipeline,
from raw file to report, in a process of their own; start-up (imports) is not counted.

CPU seconds are user and system time of the process and its children, so of Spark's JVM and workers
too. `ratio_vs_datasets_map` compares with the same steps written with Hugging Face `datasets`:
load_dataset("json"), one map that normalises and fingerprints, exact duplicates by a set in a
filter (text-dedup's exact.py), split by hash, to_parquet; CPU seconds against CPU seconds, in
turns. Near-duplicate search is compared with datasketch, which text-dedup uses: the same shingles
and number of permutations, signatures only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from nli_lifecycle.nli.sample import generate

HERE = Path(__file__).resolve()
JUDGES = {"official_splits": False, "splits": {"train": 0.6, "validation": 0.1, "test": 0.3}}


# Making the pairs.


def base_pairs(files: list[str]) -> list[tuple[str, str, str]]:
    if not files:
        return [(p["premise"], p["hypothesis"], p["label"]) for p in generate("dev")]
    rows = [json.loads(line) for name in files for line in gzip.open(name, "rt")]
    return [(row["premise"], row["hypothesis"], row["label"]) for row in rows]


def write_pairs(path: Path, base: list[tuple[str, str, str]], rows: int) -> None:
    draw = random.Random(7)
    words = sorted(
        {word for premise, hypothesis, _ in base for word in (premise + hypothesis).split()}
    )

    def perturbed(text: str, changes: int) -> str:
        found = text.split()
        for _ in range(changes if found else 0):
            found[draw.randrange(len(found))] = draw.choice(words)
        return " ".join(found)

    row: dict[str, str] = {}
    with path.open("w", encoding="utf-8") as file:
        for _ in range(rows):
            if not row or draw.random() > 0.03:
                premise, hypothesis, label = draw.choice(base)
                row = {"premise": perturbed(premise, 3), "hypothesis": perturbed(hypothesis, 1)}
                row["label"] = label
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


# What is measured; each runs in a process of its own.


def run_pipeline(engine_name: str, path: Path, home: Path, near: bool) -> dict[str, Any]:
    sys.path.insert(0, str(HERE.parents[1] / "tests"))
    from data_run import DataRun

    from nli_lifecycle.datasets.engine import EngineDataset

    options = {
        "spark.driver.memory": "6g",
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    engine = EngineDataset(engine=engine_name, master="local[2]", options=options).load()
    with Clock() as clock:
        made = DataRun(home, engine).run("jsonl", path, near_duplicates={"enabled": near}, **JUDGES)
    report = made["data_report"]
    assert report.rows_read == report.rows_kept + report.rows_quarantined
    return clock.figures | {"rows": report.rows_read, "kept": report.rows_kept}


def run_datasets(path: Path, home: Path) -> dict[str, Any]:
    import datasets

    from nli_lifecycle.nli.data.pairs import fingerprint, normalise, premise_fingerprint

    datasets.disable_progress_bars()

    def clean(row: dict[str, str]) -> dict[str, Any]:
        premise, hypothesis = normalise(row["premise"]), normalise(row["hypothesis"])
        key = premise_fingerprint(premise)
        place = int(key[:13], 16) / 2**52
        split = "train" if place < 0.6 else "validation" if place < 0.7 else "test"
        pair = fingerprint(premise, hypothesis)
        return {
            "premise": premise,
            "hypothesis": hypothesis,
            "fingerprint": pair,
            "premise_fingerprint": key,
            "split": split,
        }

    seen: set[str] = set()

    def first(row: dict[str, str]) -> bool:
        if not row["premise"] or not row["hypothesis"] or row["fingerprint"] in seen:
            return False
        seen.add(row["fingerprint"])
        return True

    with Clock() as clock:
        rows = datasets.load_dataset(
            "json", data_files=str(path), cache_dir=str(home / "cache"), split="train"
        )
        kept = rows.map(clean).filter(first)
        for split in ("train", "validation", "test"):
            part = kept.filter(lambda row, split=split: row["split"] == split)
            part.to_parquet(str(home / f"{split}.parquet"))
    return clock.figures | {"rows": len(rows), "kept": len(kept)}


def run_signatures(path: Path) -> dict[str, Any]:
    from datasketch import MinHash

    from nli_lifecycle.nli.data import near

    with path.open(encoding="utf-8") as file:
        premises = sorted({json.loads(line)["premise"] for line in file})[:20_000]
    with Clock() as ours:
        near.sign(premises)
    with Clock() as theirs:
        list(
            MinHash.generator(
                [[word.encode() for word in near._shingles(text)] for text in premises[:4_000]],
                num_perm=near.ORDERS,
            )
        )
    rates = {
        name: n / clock.figures["cpu_s"]
        for name, n, clock in (("ours", 20_000, ours), ("datasketch", 4_000, theirs))
    }
    return {"signed": min(len(premises), 20_000), **rates}


class Clock:
    """CPU seconds of this process and all its children, and their largest common memory."""

    def __enter__(self) -> Clock:
        self._process = psutil.Process()
        self._peak = 0
        self._children: dict[int, float] = {}
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._started, self._start = time.perf_counter(), self._cpu()
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()
        self.figures = {
            "cpu_s": self._cpu() - self._start,
            "wall_s": time.perf_counter() - self._started,
            "peak_rss_mb": self._peak / 2**20,
        }

    def _cpu(self) -> float:
        own = self._process.cpu_times()
        for child in self._process.children(recursive=True):
            try:
                times = child.cpu_times()
                self._children[child.pid] = times.user + times.system
            except psutil.Error:
                continue
        return own.user + own.system + sum(self._children.values())

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            total = self._process.memory_info().rss
            for child in self._process.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.Error:
                    continue
            self._peak = max(self._peak, total)
            self._cpu()


# Putting it together.


def measured(*arguments: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-data-") as home:
        command = [sys.executable, str(HERE), "--measure", *arguments, home]
        environment = os.environ | {"HF_HUB_OFFLINE": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return figures


def measure(what: str, path: Path, home: Path) -> dict[str, Any]:
    if what == "datasets":
        return run_datasets(path, home)
    if what == "signatures":
        return run_signatures(path)
    engine, _, near = what.partition("+")
    return run_pipeline(engine, path, home, near == "near")


def lines(sizes: list[int], rounds: int, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix="bench-pairs-") as folder:
        base = base_pairs(files)
        for rows in sizes:
            path = Path(folder) / f"{rows}.jsonl"
            write_pairs(path, base, rows)
            last = rows == sizes[-1]
            for _ in range(rounds if last else 1):
                for what in ["pandas", *(["datasets", "spark"] if last else [])]:
                    yield f"{what} {rows}", measured(what, str(path))
            if last:
                yield f"near {rows}", measured("pandas+near", str(path))
                yield "signatures", measured("signatures", str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60,000 pairs, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pairs", nargs="*", default=[], help="gzipped JSONL files to draw from")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        what, path, home = arguments.measure
        print(json.dumps(measure(what, Path(path), Path(home))))
        return

    sizes = [6_000, 20_000, 60_000] if arguments.quick else [100_000, 300_000, 1_000_000]
    rounds = 1 if arguments.quick else arguments.rounds
    found: dict[str, list[dict[str, Any]]] = {}
    for name, figures in lines(sizes, rounds, arguments.pairs):
        found.setdefault(name, []).append(figures)
        shown = ", ".join(f"{key} {value:,.1f}" for key, value in figures.items())
        print(f"{name:>20}: {shown}", flush=True)

    def median(name: str, key: str) -> float:
        return statistics.median(figures[key] for figures in found[name])

    first, last = sizes[0], sizes[-1]
    cpu = {rows: median(f"pandas {rows}", "cpu_s") for rows in sizes}
    near = found[f"near {last}"][0]["cpu_s"] - cpu[last]
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {last:,} pairs")
    signatures = found["signatures"][0]
    print(
        json.dumps(
            {
                "pandas_rows_per_cpu_s": round(last / cpu[last]),
                "spark_rows_per_cpu_s": round(last / median(f"spark {last}", "cpu_s")),
                "spark_rows_per_s_and_core": round(last / median(f"spark {last}", "wall_s") / 2),
                "pandas_rows_per_s": round(last / median(f"pandas {last}", "wall_s")),
                "peak_rss_mb": round(max(f["peak_rss_mb"] for f in found[f"pandas {last}"])),
                "near_duplicate_rows_per_s": round(last / near),
                "near_duplicate_peak_rss_mb": round(found[f"near {last}"][0]["peak_rss_mb"]),
                "signatures_vs_datasketch": round(signatures["ours"] / signatures["datasketch"], 1),
                "growth_exponent": round(
                    math.log(cpu[last] / cpu[first]) / math.log(last / first), 2
                ),
                "ratio_vs_datasets_map": round(median(f"datasets {last}", "cpu_s") / cpu[last], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
