"""The tutorial, run as a reader runs it: each shell block in turn, in one shell.

What stands in a `text` block below it must come out, line by line; `…` is anything. Of a reader's
machine only two things are replaced: the installation, as the packages of this interpreter stand
in the new project's `.venv`, and the port, as 8000 may be taken here.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from project import PROJECT
from servers import free_port

#: What a clone holds, as far as a run needs it.
CLONED = ("Makefile", "conf", "constraints.txt", "pyproject.toml", "src")
LONGEST = 1_800  # seconds, where the machine is busy
DONE = "-- done, failed commands:"


@dataclass(frozen=True)
class Step:
    """A block of commands, and the lines that must come out, in this order."""

    commands: str
    expected: tuple[str, ...]
    skipped: str  # why it is not run; empty: it is


def steps(page: str) -> list[Step]:
    """A page's shell blocks; a `text` block belongs to the shell block before it."""
    found: list[Step] = []
    fence = r"^(?:<!-- not run: (.+) -->\n)?```(sh|text)\n(.*?)^```$"
    for why, language, text in re.findall(fence, page, flags=re.M | re.S):
        if language == "sh":
            found.append(Step(text, (), why))
        else:
            found[-1] = Step(found[-1].commands, tuple(text.splitlines()), found[-1].skipped)
    return found


def missing(expected: tuple[str, ...], output: str) -> str | None:
    """The first line that did not come out after those before it; None: all did."""
    rest = iter(output.splitlines())
    for line in expected:
        pattern = ".*".join(map(re.escape, line.split("…")))
        if line != "…" and not any(re.search(pattern, said) for said in rest):
            return line
    return None


class Shell:
    """One bash, which keeps its variables and background jobs from block to block."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.run("trap 'failed=$((failed + 1))' ERR")

    def run(self, commands: str) -> tuple[str, int]:
        """Run commands; gives what they said, and how many of them failed."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f'failed=0\n{commands}\necho "{DONE} $failed"\n')
        self._process.stdin.flush()
        said: list[str] = []
        for line in iter(self._process.stdout.readline, ""):
            text, done, failed = line.partition(DONE)
            said.append(text)
            if done:
                return "".join(said), int(failed)
        raise AssertionError("the shell has ended:\n" + "".join(said))


@contextmanager
def shell(folder: Path, port: int) -> Iterator[Shell]:
    """A bash in a folder; it and all that it started is ended."""
    new = {"NLI_SERVE_PORT": str(port), "PYTHONPATH": str(folder / "src"), "COLUMNS": "80"}
    kept = {name: value for name, value in os.environ.items() if name != "NLI_HOME"}
    process = subprocess.Popen(
        ["bash"],
        cwd=folder,
        env={**kept, **new},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    late = threading.Timer(LONGEST, os.killpg, (process.pid, signal.SIGKILL))
    late.start()
    try:
        yield Shell(process)
    finally:
        late.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with `make install` done."""
    for name in CLONED:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / name)
    (tmp_path / "data").mkdir()
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    for stamp in ("run", "serve"):
        (tmp_path / ".venv" / f".installed-{stamp}").touch()
    return tmp_path


@pytest.mark.slow
@pytest.mark.skipif(
    not all(map(shutil.which, ("awk", "bash", "curl", "make"))), reason="needs awk, curl, make"
)
def test_the_tutorial_comes_out_as_it_says(project: Path, real_data: Path) -> None:
    (project / "mine").mkdir()
    file = gzip.decompress((real_data / "sick" / "SICK.txt.gz").read_bytes())
    (project / "mine" / "SICK.txt").write_bytes(file)
    port = free_port()
    page = (PROJECT / "docs" / "tutorial.md").read_text("utf-8")
    with shell(project, port) as terminal:
        for step in steps(page):
            if step.skipped:
                continue
            said, failed = terminal.run(
                step.commands.replace("localhost:8000", f"localhost:{port}")
            )
            told = f"{step.commands}\n{said}\n{log(project)}"
            assert failed == 0, told
            assert (line := missing(step.expected, said)) is None, f"{line}\n\n{told}"
        ended, failed = terminal.run("wait")
        assert failed == 0, ended
    # What a page cannot quote: the files that it tells the reader to open.
    for report in ("decision.html", "monitoring/report.html"):
        assert "<h1" in (project / "data/prod/08_reporting" / report).read_text("utf-8")


def log(project: Path) -> str:
    """What the service has said, where it has begun."""
    file = project / "serve.log"
    return file.read_text("utf-8") if file.exists() else ""


def test_blocks_are_read_with_what_they_say() -> None:
    page = (
        "```sh\na\n```\n\n```text\nx …\n```\n<!-- not run: why -->\n```sh\nb\n```\n```yaml\nc\n```"
    )
    assert steps(page) == [Step("a\n", ("x …",), ""), Step("b\n", (), "why")]


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (("a 1…", "…", "c"), None),
        (("b", "a 1"), "a 1"),
        (("a …, b",), "a …, b"),
    ],
    ids=["in order", "out of order", "on two lines"],
)
def test_a_line_that_does_not_come_out_is_named(expected: tuple[str, ...], line: str) -> None:
    assert missing(expected, "a 1, a\nb\nc\n") == line


def test_a_command_that_fails_inside_a_block_is_noticed(tmp_path: Path) -> None:
    with shell(tmp_path, 1) as terminal:
        assert terminal.run("false\necho here; x=7") == ("here\n", 1)
        assert terminal.run("printf $x  # no line of its own, as curl's answers") == ("7", 0)
