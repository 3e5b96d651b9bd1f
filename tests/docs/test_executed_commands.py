"""Every command in README and docs is executed by a test, or it is said why not.

`executed_commands.yml` says which; pages that are generated from the code are left out.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import yaml
from markdown_pages import PAGES
from project import PROJECT
from test_doc_commands import PROGRAMS, commands

KNOWN: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (PROJECT / "tests" / "docs" / "executed_commands.yml").read_text("utf-8")
)


def bare(line: str) -> str:
    """A documented command without prompt, variables and comment."""
    return re.sub(r"^(\$ )?([A-Z_]+=\S* )*|\s+#.*$", "", line.strip())


def documented() -> dict[str, str]:
    """Each command, and a page that has it."""
    pages = [page for page in PAGES if page.parent.name != "reference"]
    found = {bare(line): page.name for page in pages for line in commands(page)}
    return {command: page for command, page in found.items() if command.startswith(PROGRAMS)}


def patterns(known: Any) -> list[str]:
    return [pattern for part in known.values() for some in part.values() for pattern in some]


def test_every_documented_command_is_executed_or_it_is_said_why_not() -> None:
    known = patterns(KNOWN)
    unknown = {
        command: page
        for command, page in documented().items()
        if not any(fnmatchcase(command, pattern) for pattern in known)
    }
    assert unknown == {}, "name the test that runs it in tests/docs/executed_commands.yml"


def test_no_entry_is_left_over() -> None:
    found = documented()
    unused = [one for one in patterns(KNOWN) if not any(fnmatchcase(each, one) for each in found)]
    assert unused == []


def test_the_tests_that_execute_them_exist() -> None:
    absent = []
    for where in KNOWN["executed"]:
        file, _, name = where.partition("::")
        tests = re.findall(r"def (test_\w+)", (PROJECT / file).read_text("utf-8"))
        if name and name not in tests:
            absent.append(where)
    assert absent == []
