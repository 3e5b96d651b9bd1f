"""Keys change exactly when what they stand for changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nli_lifecycle import provenance


def test_json_hash_ignores_key_order_but_not_values() -> None:
    assert provenance.sha256_json({"a": 1, "b": 2}) == provenance.sha256_json({"b": 2, "a": 1})
    assert provenance.sha256_json({"a": 1}) != provenance.sha256_json({"a": 2})


def test_code_version_follows_source_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nli").mkdir()
    source = tmp_path / "nli" / "training.py"
    source.write_text("x = 1\n")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    before = provenance.code_version(["nli"])
    (tmp_path / "nli" / "notes.md").write_text("not code")
    assert provenance.code_version(["nli"]) == before
    source.write_text("x = 2\n")
    assert provenance.code_version(["nli"]) != before


def test_absent_library_is_said_so() -> None:
    versions = provenance.library_versions(["numpy", "no-such-library"])
    assert versions["no-such-library"] == "absent"
    assert versions["numpy"][0].isdigit()


def test_git_state_outside_and_inside_a_checkout(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) == {}
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    git = ["git", "-C", str(tmp_path), *identity]
    subprocess.run([*git, "init", "-q"], check=True)
    (tmp_path / "a").write_text("1")
    subprocess.run([*git, "add", "a"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    state = provenance.git_state(tmp_path)
    assert len(state["git_sha"]) == 40 and state["git_dirty"] == "false"
    (tmp_path / "b").write_text("2")
    assert provenance.git_state(tmp_path)["git_dirty"] == "true"
