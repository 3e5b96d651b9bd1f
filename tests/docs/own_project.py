"""A project of somebody's own, as docs/adopting.md describes it: its blocks, and its claims."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from kedro.config import OmegaConfigLoader
from project import PROJECT

from nli_lifecycle import settings
from nli_lifecycle.datasets.table import TableDataset
from nli_lifecycle.lifecycle.policy import Policy

PAGE = (PROJECT / "docs" / "adopting.md").read_text("utf-8")
NAME = "claims_nli"
BIN = Path(sys.executable).parent

#: How the page's office says what SICK says.
VERDICTS = {"ENTAILMENT": "supported", "NEUTRAL": "open", "CONTRADICTION": "refuted"}
MEANINGS = {"supported": "entailment", "open": "neutral", "refuted": "contradiction"}

#: Rows that nothing can be made of: a verdict that nobody mapped, an empty claim.
BROKEN = [["x1", "Rain fell.", "It rained.", "satire", "flickr"], ["x2", "Rain.", "", "open", ""]]


#: The copy, and the claims that can be used.
Own = tuple[Path, list[dict[str, str]]]
REPORTING = "data/dev/08_reporting"


def blocks() -> dict[str, str]:
    """The page's blocks that are a file, by the name in their first line."""
    found = re.findall(r"^```\w+\n# (\S+\.\w+)\n(.*?)^```", PAGE, flags=re.M | re.S)
    return dict(found)


def write_blocks(copy: Path) -> None:
    """What the page asks for: keys are changed in a file that is there, else the block is it."""
    for name, text in blocks().items():
        file = copy / name
        if file.suffix == ".yml":
            old = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
            text = yaml.safe_dump(merged(old, yaml.safe_load(text)), sort_keys=False)
        if name != "pyproject.toml":  # of the other way
            file.write_text(text, "utf-8")


def merged(old: Any, new: Any) -> Any:
    """`old` with the keys changed that `new` names."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


def run(copy: Path, *words: str) -> str:
    """Run a command in the copy as its user would, with the copy's package in front of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NLI_")}
    env = {**kept, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    done = subprocess.run(words, cwd=copy, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git(folder: Path, *words: str) -> str:
    return run(folder, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words)


def write_claims(sick: Path, file: Path) -> list[dict[str, str]]:
    """Write SICK's rows for training as the page's office exports them, and the broken ones.

    Returns:
        The rows that can be used, each run of whitespace as one space, as reading makes it.
    """
    with gzip.open(sick, "rt", encoding="utf-8") as text:
        rows = list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = ("pair_ID", "sentence_A", "sentence_B", "entailment_label", "sentence_A_dataset")
    lines = [[row[name] for name in names] for row in rows if row["SemEval_set"] != "TEST"]
    lines = [[*line[:3], VERDICTS[line[3]], line[4].lower()] for line in lines]
    header = ["claim_no", "article", "claim", "verdict", "desk"]
    file.parent.mkdir(parents=True)
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=";").writerows([header, *lines, *BROKEN])
    return [dict(zip(header, (" ".join(text.split()) for text in line))) for line in lines]


def table(copy: Path, name: str) -> pd.DataFrame:
    """A published table of the copy's dev."""
    frame: pd.DataFrame = TableDataset(filepath=str(copy / "data/dev/03_primary" / name)).load()
    return frame


def policy(project: Path, environment: str) -> Policy:
    """The rules that an environment of a project has."""
    loader = OmegaConfigLoader(
        str(project / "conf"), env=environment, **settings.CONFIG_LOADER_ARGS
    )
    return Policy.model_validate(loader["parameters"]["policy"])
