"""`make` refuses an interpreter it does not support, in one message."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-f", str(PROJECT / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)


def test_python_too_old_is_said_in_one_message(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    lie = "import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{lie}" "$2"\n')
    old.chmod(0o755)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("")
    done = make(tmp_path, f"PYTHON={old}", "run")
    assert done.returncode != 0
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert f"none was found among: {old}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_help_lists_the_two_verbs_of_the_readme() -> None:
    done = make(PROJECT, "help")
    assert done.returncode == 0
    assert "make run " in done.stdout and "make test " in done.stdout
