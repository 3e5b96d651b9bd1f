"""Every `make`, `kedro` and `nli-…` command of README and docs exists, with these options.

They are parsed, not run: other tests run the commands of the quick start. Commands that other
packages bring (`kedro viz`, `kedro mlflow`) are named in `docsite/commands.py` and left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from markdown_pages import PAGES, blocks, inline
from project import PROJECT

sys.path.insert(0, str(PROJECT / "docsite"))
from commands import fault  # noqa: E402

PROGRAMS = ("make ", "kedro ", "nli-serve ", "nli-lifecycle ")


def commands(page: Path) -> list[str]:
    lines = [line for block in blocks(page) for line in block.splitlines()]
    return lines + [text for text in inline(page) if text.startswith(PROGRAMS)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_documented_commands_are_understood(page: Path) -> None:
    faults = {line: why for line in commands(page) if (why := fault(line))}
    assert faults == {}


def test_the_readme_has_commands_to_check() -> None:
    found = [line for line in commands(PROJECT / "README.md") if line.startswith(PROGRAMS)]
    assert len(found) > 5


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("make runn", "no target runn"),
        ("kedro lifecycle aprove --env prod", "no command aprove"),
        ("kedro lifecycle approve --version 1 --because x", "No such option"),
        ("kedro run --pipelnes training", "No such option"),
        ("nli-serve --environment prod", "No such option"),
        ("MLFLOW_TRACKING_URI=x kedro rum", "no command rum"),
    ],
)
def test_commands_that_do_not_exist_are_noticed(line: str, why: str) -> None:
    said = fault(line)
    assert said is not None and why in said


def test_other_programs_and_comments_are_left_alone() -> None:
    assert fault("curl localhost:8000/predict --data x") is None
    assert fault("kedro run --env staging   # takes dev's champion in") is None
