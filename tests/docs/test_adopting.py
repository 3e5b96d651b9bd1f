"""docs/adopting.md, done as it says: SICK becomes a project of somebody's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient
from own_project import (
    BIN,
    BROKEN,
    MEANINGS,
    NAME,
    PAGE,
    REPORTING,
    Own,
    git,
    policy,
    run,
    table,
    write_blocks,
    write_claims,
)
from project import PROJECT
from tiny_encoder import make_tiny_encoder


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's files as they lie here, committed, and renamed as `make rename` does."""
    copy = tmp_path_factory.mktemp("adopted") / "claims"
    listed = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
    done = subprocess.run(
        [*listed, "--exclude-standard"], cwd=PROJECT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"only git knows which files are the project's: {done.stderr}")
    for name in filter(None, done.stdout.split("\0")):
        if (PROJECT / name).exists():  # else: removed, and not committed yet
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, copy / name, follow_symlinks=False)
    git(copy, "init", "--quiet")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message", "As it was")
    package = tomllib.loads((copy / "pyproject.toml").read_text("utf-8"))["tool"]["kedro"]
    if package["package_name"] == NAME:
        pytest.skip(f"this project is {NAME} already")
    said = run(copy, sys.executable, "adoption/rename.py", NAME)
    assert re.match(r"\d{3} files renamed", said)
    run(copy, str(BIN / "black"), "--quiet", ".")
    git(copy, "commit", "--quiet", "--all", "--message", "Our own project")
    return copy


@pytest.fixture(scope="module")
def own(renamed: Path, real_data: Path) -> Own:
    """The renamed project with every block of the page, the claims and an encoder; run once."""
    copy = renamed.parent / "own"
    git(renamed, "clone", "--quiet", str(renamed), str(copy))
    write_blocks(copy)
    claims = write_claims(real_data / "sick" / "SICK.txt.gz", copy / "data/dev/01_raw/claims.csv")
    make_tiny_encoder(copy / "data" / "encoder")
    quick = "training.epochs=1,training.learning_rate=0.003,evaluation.stress.rows=20"
    said = run(copy, str(BIN / "kedro"), "run", "--env", "dev", "--params", quick)
    assert "claims-nli · dev" in said
    return copy, claims


def old_names(copy: Path) -> set[str]:
    """Tracked files in which a name of ours is left."""
    words = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["kedro"]
    either = f"{words['package_name']}|{words['project_name']}"
    return set(git(copy, "grep", "-l", "-i", "-E", either).split())


@pytest.mark.slow
def test_nothing_has_the_old_name_but_what_the_page_says(renamed: Path) -> None:
    kept = {"NOTICE", "CHANGELOG.md", "docs/adopting.md"}
    assert old_names(renamed) == kept
    assert all(f"`{name}`" in PAGE for name in kept - {"docs/adopting.md"})
    assert sorted(path.name for path in (renamed / "src").iterdir()) == [NAME]


@pytest.mark.slow
def test_the_renamed_project_passes_all_checks(renamed: Path) -> None:
    run(renamed, str(BIN / "black"), "--check", "--quiet", ".")
    run(renamed, str(BIN / "flake8"), "src", "tests", "adoption", "deployment")
    run(renamed, str(BIN / "lint-imports"))
    run(renamed, sys.executable, "-m", "deployment.check")
    pipelines = run(renamed, str(BIN / "kedro"), "registry", "list")
    assert {"- train_and_release", "- monitoring"} <= set(pipelines.splitlines())
    few = ("tests/lifecycle/test_rules.py", "tests/nli/test_slices.py", "tests/test_conf.py")
    run(renamed, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *few)


@pytest.mark.slow
def test_own_rows_are_all_accounted_for_and_mean_what_the_page_maps(own: Own) -> None:
    copy, claims = own
    summary = json.loads((copy / REPORTING / "summary.json").read_text())
    rows = [summary[f"rows_{name}"] for name in ("read", "kept", "quarantined")]
    assert rows == [len(claims) + len(BROKEN), len(claims), len(BROKEN)]
    quarantined = table(copy, "quarantine").sort_values("place")
    assert list(quarantined["reason"]) == ["unknown_label", "empty_text"]

    splits = [table(copy, f"{split}_pairs") for split in ("train", "validation", "test")]
    assert min(map(len, splits)) > 400
    kept = pd.concat(splits)[["pair_id", "premise", "hypothesis", "label", "desk"]]
    found = {pair_id: tuple(texts) for pair_id, *texts in kept.itertuples(index=False, name=None)}
    assert found == {
        row["claim_no"]: (row["article"], row["claim"], MEANINGS[row["verdict"]], row["desk"])
        for row in claims
    }


@pytest.mark.slow
def test_own_slices_are_in_the_evidence_with_their_rows(own: Own) -> None:
    copy, _ = own
    evidence = json.loads((copy / REPORTING / "evidence.json").read_text())
    found = {(one["kind"], one["name"]): one["rows"] for one in evidence["slices"]}
    pairs = table(copy, "test_pairs")
    hedged = pairs["hypothesis"].str.contains(r"\b(?:some|several|few|maybe)\b", case=False).sum()
    assert hedged > 50  # fewer would not be judged
    assert found["hedged", "yes"] == hedged and found["hedged", "no"] == len(pairs) - hedged
    desks = {name: rows for (kind, name), rows in found.items() if kind == "desk"}
    assert desks == dict(pairs["desk"].value_counts())


@pytest.mark.slow
def test_own_policy_decides_and_says_so_with_its_own_limits(own: Own) -> None:
    copy, _ = own
    decision = json.loads((copy / REPORTING / "decision.json").read_text())
    assert decision["policy_hash"] == policy(copy, "dev").content_hash()
    said = {rule["rule"]: rule["sentence"] for rule in decision["rules"]}
    assert said["enough pairs"].endswith("at least the 500 needed.")
    # A model this small does not learn SICK in one epoch: what the page asks for, it misses.
    assert decision["outcome"] == "reject"
    assert said["minimum accuracy"].endswith("is below the minimum of 65%.")
    assert said["minimum recall of contradiction"].endswith("is below the minimum of 50%.")
    assert "at least 3 points above" in said["more than the hypothesis"]


@pytest.mark.slow
def test_prod_asks_two_other_people_and_the_rest_of_its_rules_stay(own: Own) -> None:
    copy, _ = own
    ours, before = policy(copy, "prod"), policy(PROJECT, "prod")
    asked = ours.approvals
    assert (asked.needed, asked.not_by_author, asked.expire_after_hours) == (2, True, 72)
    assert (ours.minimums.accuracy, ours.slices.margin) == (0.8, 2.0)
    assert ours.minimums.recall == before.minimums.recall
    assert ours.non_inferiority == before.non_inferiority


@pytest.mark.slow
def test_the_model_is_registered_under_the_new_name(own: Own) -> None:
    copy, _ = own
    store = f"sqlite:///{copy}/mlruns/mlflow.db"
    client = MlflowClient(store, store)
    assert [model.name for model in client.search_registered_models()] == [f"dev.{NAME}.classifier"]
    names = {experiment.name for experiment in client.search_experiments()}
    assert "claims-nli-dev" in names and not any(name.startswith("nli-") for name in names)
