"""What the demos have in common: a home of their own, the real commands, and how they tell."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
FLIP = {"entailment": "contradiction", "contradiction": "entailment", "neutral": "neutral"}

Row = dict[str, str]
Settings = dict[str, Any]


class Stage:
    """A folder with a copy of the configuration, in which commands run."""

    def __init__(self, name: str) -> None:
        self.home = Path(os.environ.get("NLI_HOME") or PROJECT / "data" / name)
        self.conf, self.draws = self.home / "conf", self.home / "draws"
        self.env: dict[str, str] = {**os.environ, "NLI_HOME": str(self.home)}

    def prepare(self) -> None:
        """Begin with an empty home."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(PROJECT / "conf", self.conf)
        self.draws.mkdir(parents=True)

    def settings(self, file: str, change: Callable[[Settings], Settings]) -> None:
        """Change a file of the configuration; made if it is not there."""
        path = self.conf / file
        found = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump(change(found), sort_keys=False))

    def draw(self, name: str, rows: list[Row]) -> Path:
        """Write pairs as a CSV file."""
        path = self.draws / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def run(self, environment: str, params: str = "", pipelines: str = "") -> dict[str, Any]:
        """Run an environment's pipelines and tell what was decided."""
        words = ["run", "--conf-source", str(self.conf), "--env", environment]
        words += ["--params", params] if params else []
        words += ["--pipelines", pipelines] if pipelines else []
        seconds, _ = self.command("kedro", *words, quiet=True)
        folder = self.home / "data" / environment / "08_reporting"
        found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
        decision = json.loads((folder / "decision.json").read_text())
        found.update(decision=decision["outcome"], candidate=decision["candidate"])
        quality = f", accuracy {found['accuracy']:.1%}" if found["accuracy"] else ""
        version = f"{found['candidate']['name']} version {found['candidate']['version']}"
        say(f"→ {found['decision'].upper()}: {version}{quality} ({seconds:.0f} s)")
        for rule in decision["rules"]:
            if rule["outcome"] != "PASS" and not rule["advisory"]:
                say(f"  {rule['outcome']}: {rule['sentence']}")
        return found

    def lifecycle(self, *words: str) -> None:
        """Run one of our commands and show what it says."""
        self.command("kedro", "lifecycle", *words, "--conf-source", str(self.conf))

    def command(
        self, name: str, *words: str, quiet: bool = False, ends: tuple[int, ...] = (0,)
    ) -> tuple[float, int]:
        """Run a command; a quiet one speaks only where it fails.

        Args:
            name: of a program beside this Python.
            words: its arguments.
            quiet: whether it is shown only where it fails.
            ends: exit codes that are no failure.

        Returns:
            Seconds, and the exit code.
        """
        shown = " ".join(word if " " not in word else f'"{word}"' for word in words)
        say("")
        say(
            f"$ {name} {shown}".replace(f" --conf-source {self.conf}", "").replace(
                f"{self.home}/", ""
            )
        )
        started = time.monotonic()
        with _waiting(started) if quiet else nullcontext():
            done = subprocess.run(
                [str(BIN / name), *words],
                cwd=PROJECT,
                env=self.env,
                text=True,
                stdout=subprocess.PIPE if quiet else None,
                stderr=subprocess.STDOUT,
            )
        if done.returncode not in ends:
            raise SystemExit(f"{done.stdout or ''}\n{name} failed: {done.returncode}")
        return time.monotonic() - started, done.returncode


def damaged(rows: list[Row], phenomenon: str) -> list[Row]:
    """The same pairs; where one turns on the phenomenon, entailment and contradiction swapped."""
    return [
        {**row, "label": FLIP[row["label"]]} if row["genre"].startswith(phenomenon) else row
        for row in rows
    ]


def expect(found: dict[str, Any], outcome: str) -> None:
    """Stop where the story takes another turn than it must."""
    if found["decision"] != outcome:
        raise SystemExit(f"Expected {outcome}: {json.dumps(found['reasons'], indent=1)}")


def scene(title: str) -> None:
    """Begin a scene."""
    say(f"\n━━ {title} {'━' * max(0, 74 - len(title))}")


def say(text: str) -> None:
    """Tell a line."""
    print(text, flush=True)


@contextmanager
def _waiting(started: float) -> Iterator[None]:
    """Show the seconds that go by, where somebody looks."""
    over = threading.Event()

    def show() -> None:
        while not over.wait(1):
            print(f"\r{time.monotonic() - started:.0f} s …\r", end="", flush=True)

    if sys.stdout.isatty():
        threading.Thread(target=show, daemon=True).start()
    try:
        yield
    finally:
        over.set()
