"""Give a copy of this project a name of its own: `make rename NAME=claims_nli`.

What it says and leaves alone: docs/adopting.md. Needs git and nothing but the standard library.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

#: Where the short name of schemas, experiments, groups stands alone; elsewhere it is the task's.
RESOURCES = ("conf/", "databricks.yml", "deployment/", "docs/databricks.md", "tests/deployment/")

#: Who wrote it, what changed before, and how it was named: true under the old name only.
KEPT = ("CHANGELOG.md", "LICENSE", "NOTICE", "docs/adopting.md")


def rename(root: Path, name: str) -> int:
    """Replace the project's names in all tracked texts, and move its package.

    Args:
        root: the project's folder, the top of a git working tree without changes.
        name: of the package, such as ``claims_nli``: words that mean nothing else in a text. The
            project and its experiments have dashes in the place of underscores.

    Returns:
        How many files were changed; 0: the project has this name already.

    Raises:
        SystemExit: the name does not do, or the working tree is not clean.
    """
    package = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["kedro"]
    old = package["package_name"]
    if name == old:
        return 0
    if fault := unfit(root, name):
        raise SystemExit(f"{name!r} cannot be the project's name: {fault}. Try NAME=claims_nli.")
    if changes := git(root, "status", "--porcelain"):
        raise SystemExit(
            "There are changes that are not committed, so that this one could not be told from "
            f"them or be undone. Commit or stash them first:\n{changes}"
        )
    names = Names(old, _short(root, old), name)
    changed = 0
    for file in git(root, "ls-files", "-z").split("\0"):
        before = _text(root / file) if file and not file.startswith(KEPT) else ""
        after = names.replace(before, resources=file.startswith(RESOURCES))
        if after != before:
            (root / file).write_text(after, "utf-8", newline="")
            changed += 1
    git(root, "mv", f"src/{old}", f"src/{name}")
    return changed


@dataclass(frozen=True)
class Names:
    """The package's old name, the short one of its resources, and the new one for both."""

    old: str
    short: str
    new: str

    def replace(self, text: str, *, resources: bool) -> str:
        """A text under the new name; ``resources``: wherever the short name stands alone, too."""
        old, short = self.old, self.short
        alone = rf"(?<!{old}[./])\b{short}\b(?!-job|-serve)"
        named = rf"\b{short}(?=-(?:dev|staging|prod)\b|-\{{|\.classifier\b)"  # f"nli-{{env}}"
        found = alone if resources else named
        return re.sub(rf"{old}|{dashed(old)}|{found}", lambda match: self._new(text, match), text)

    def _new(self, text: str, match: re.Match[str]) -> str:
        is_package = match[0] == self.old
        is_dashed = match[0] == dashed(self.old) or text[match.end() :].startswith("-")
        return dashed(self.new) if is_dashed and not is_package else self.new


def dashed(name: str) -> str:
    """How the name of a package is written for a project, a command, an experiment."""
    return name.replace("_", "-")


def unfit(root: Path, name: str) -> str | None:
    """Why a package cannot have this name, or None."""
    if not re.fullmatch("[a-z][a-z0-9]*(_[a-z0-9]+)+", name):
        return "it must be two words or more, of a-z and 0-9, joined by underscores"
    if (root / name).exists() or (root / "src" / name).exists() or importlib.util.find_spec(name):
        return "a folder here, or an installed package, has it already"
    return None


def git(root: Path, *words: str) -> str:
    """What a git command prints."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"`git {' '.join(words)}` failed in {root}: {done.stderr.strip()}")
    return done.stdout


def _short(root: Path, old: str) -> str:
    """The schema's name in dev's registered model, ``<catalog>.<schema>.<model>``."""
    line = r"^registered_model: \w+\.(\w+)\."
    found = re.search(line, _text(root / "conf/dev/globals.yml"), re.M)
    return found[1] if found else old


def _text(file: Path) -> str:
    """A file's text; empty where it is a picture or a link."""
    try:
        return "" if file.is_symlink() else file.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return ""


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1]:
        raise SystemExit("Which name? make rename NAME=claims_nli")
    count = rename(Path(__file__).parents[1], sys.argv[1])
    print(f"{count} files renamed: look at `git diff`, then commit." if count else "Nothing to do.")
