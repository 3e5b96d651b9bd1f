"""A copy of the project gets its own name, or says why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from project import PROJECT

sys.path.insert(0, str(PROJECT / "adoption"))
from rename import rename  # noqa: E402

#: A project in small; its names are none of ours, so that this test holds under any name.
FILES = {
    "pyproject.toml": '[project]\nname = "old-one"\n[tool.kedro]\npackage_name = "old_one"\n',
    "src/old_one/__init__.py": '"""old-one."""\n',
    "src/old_one/small/core.py": "from old_one.small import core\nTASK = 'small'  # small-job\n",
    "conf/dev/globals.yml": "registered_model: dev.small.classifier\nexperiment: small-dev\n",
    "conf/base/catalog.yml": "type: old_one.small.core.Dataset  # src/old_one/small/\n",
    "deployment/job.yml": "home: /Volumes/dev/small/data\nentry: small-job\ngroup: small-people\n",
    "docs/use.md": "A small model, `dev.small.classifier`, by `old-one status`, in small-prod.\r\n",
    "some_folder/place.py": 'EXPERIMENT = f"small-{environment}"\n',
    "NOTICE": "old-one\n",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8", newline="")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG old_one \xff")
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> str:
    me = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false")
    done = subprocess.run(["git", *me, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")


def texts(folder: Path) -> dict[str, str]:
    names = git(folder, "ls-files").split()
    return {name: (folder / name).read_bytes().decode("utf-8", "replace") for name in names}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("2claims_nli", "joined by underscores"),
        ("claims-nli", "joined by underscores"),
        ("Claims_nli", "joined by underscores"),
        ("claims_", "joined by underscores"),
        ("claims", "two words or more"),  # it would be any word of a sentence, the next time
        ("kedro_mlflow", "has it already"),  # an installed package
        ("some_folder", "has it already"),
    ],
)
def test_a_name_that_does_not_do_is_refused_and_nothing_is_changed(
    copy: Path, name: str, why: str
) -> None:
    before = texts(copy)
    with pytest.raises(SystemExit, match=f"'{name}' cannot be the project's name: .*{why}"):
        rename(copy, name)
    assert texts(copy) == before


def test_changes_that_are_not_committed_are_refused_by_name(copy: Path) -> None:
    (copy / "docs" / "mine.md").write_text("mine")
    with pytest.raises(SystemExit, match="(?s)Commit or stash them first:.*docs/mine.md"):
        rename(copy, "claims_nli")
    assert (copy / "src" / "old_one").is_dir()


def test_a_folder_that_is_no_git_tree_is_refused(copy: Path) -> None:
    (copy / ".git").rename(copy.parent / f"{copy.name}-git")
    with pytest.raises(SystemExit, match="`git status --porcelain` failed in"):
        rename(copy, "claims_nli")


def test_every_tracked_text_has_the_new_names_and_the_task_keeps_its_own(copy: Path) -> None:
    assert rename(copy, "claims_nli") == 8
    assert texts(copy) == {
        "pyproject.toml": '[project]\nname = "claims-nli"\n[tool.kedro]\n'
        'package_name = "claims_nli"\n',
        "src/claims_nli/__init__.py": '"""claims-nli."""\n',
        "src/claims_nli/small/core.py": "from claims_nli.small import core\n"
        "TASK = 'small'  # small-job\n",
        "conf/dev/globals.yml": "registered_model: dev.claims_nli.classifier\n"
        "experiment: claims-nli-dev\n",
        "conf/base/catalog.yml": "type: claims_nli.small.core.Dataset  # src/claims_nli/small/\n",
        "deployment/job.yml": "home: /Volumes/dev/claims_nli/data\nentry: small-job\n"
        "group: claims-nli-people\n",
        "docs/use.md": "A small model, `dev.claims_nli.classifier`, by `claims-nli status`, "
        "in claims-nli-prod.\r\n",
        "some_folder/place.py": 'EXPERIMENT = f"claims-nli-{environment}"\n',
        "NOTICE": "old-one\n",
        "picture.png": "\ufffdPNG old_one \ufffd",
    }


def test_the_same_name_again_changes_nothing(copy: Path) -> None:
    rename(copy, "claims_nli")
    before = texts(copy)
    assert rename(copy, "claims_nli") == 0  # though the tree has changes now
    assert texts(copy) == before


def test_a_project_can_be_renamed_once_more(copy: Path) -> None:
    rename(copy, "claims_nli")
    commit(copy)
    rename(copy, "fact_checks")
    there = texts(copy)
    assert not any("claims" in text for text in there.values())
    assert there["conf/dev/globals.yml"] == (
        "registered_model: dev.fact_checks.classifier\nexperiment: fact-checks-dev\n"
    )
