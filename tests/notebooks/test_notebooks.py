"""Every notebook runs, from its own folder, on a released tiny model; none keeps outputs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from project import PROJECT
from tiny_dev import Dev, write_pairs

FOLDER = PROJECT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MAGICS = ("%load_ext kedro.ipython", "%reload_kedro --env={environment}")


def code(notebook: Path) -> list[Any]:
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def test_they_are_numbered_one_to_five() -> None:
    assert [path.name[:3] for path in NOTEBOOKS] == ["01_", "02_", "03_", "04_", "05_"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(notebook: Path) -> None:
    for cell in code(notebook):
        assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_hold_python_and_no_magic_that_another_place_does_not_know(notebook: Path) -> None:
    """A Databricks notebook has `%load_ext` and what the extension brings, and no shell of ours."""
    for cell in code(notebook):
        lines = [line for line in cell.source.splitlines() if line not in MAGICS]
        assert not [line for line in lines if re.match(r"\s*[!%]", line)]
        ast.parse("\n".join(lines))


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Dev:
    """A home with a released version, and a later one that was rejected."""
    dev = Dev(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLI_HOME", str(dev.home))
        source = write_pairs(dev.home / "pairs.tsv", 900, seed=1)
        assert dev.run(source)["decision"] == "promote"
        assert dev.run(source, epochs=1, learning_rate=1e-9)["decision"] == "reject"
    return dev


@pytest.fixture(scope="module")
def shown(released: Dev) -> dict[str, str]:
    """What each notebook printed and showed, run where a kernel would be, in notebooks/.

    One kernel after the other would import everything five times; this one forgets every name
    between two notebooks instead.
    """
    together = nbformat.v4.new_notebook()
    for path in NOTEBOOKS:
        cells = [nbformat.v4.new_code_cell("%reset -f"), *code(path)]
        for cell in cells:
            cell.metadata["notebook"] = path.name[:2]
        together.cells += cells
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLI_HOME", str(released.home))
        patch.setenv("KEDRO_ENV", "dev")
        resources = {"metadata": {"path": str(FOLDER)}}
        client = NotebookClient(
            together, timeout=300, kernel_name="python3", resources=resources, allow_errors=True
        )
        client.execute()
    found = {path.name[:2]: "" for path in NOTEBOOKS}
    for cell in together.cells:
        for output in cell.outputs:
            text = output.get("text") or str(output.get("data", {}).get("text/plain", ""))
            if output.output_type == "error":
                text = f"ERROR {output.ename}: {output.evalue}"
            found[cell.metadata["notebook"]] += re.sub(r"\x1b\[[0-9;]*m", "", text) + "\n"
    return found


@pytest.mark.slow
class TestExecuted:
    def test_no_cell_fails(self, shown: dict[str, str]) -> None:
        assert {name: text for name, text in shown.items() if "ERROR" in text} == {}

    def test_explore_the_data(self, shown: dict[str, str]) -> None:
        assert "900 rows read = 900 kept + 0 quarantined" in shown["01"]
        assert "hypothesis alone 100.0%" in shown["01"]  # the verb gives the label away

    def test_compare_runs_and_versions(self, shown: dict[str, str]) -> None:
        assert "dev.nli.classifier: 2 versions; aliases" in shown["02"]
        assert "version 1" in shown["02"] and "validation macro-F1" in shown["02"]

    def test_error_analysis(self, shown: dict[str, str], released: Dev) -> None:
        file = released.home / "data/dev/08_reporting/evidence.json"
        evidence = json.loads(file.read_text())
        right = evidence["candidate_measures"]["accuracy"]["estimate"]
        rows = evidence["evaluation_set"]["rows"]
        said = f"on {rows:,} pairs of dev: {round(rows * (1 - right)):,} errors."
        assert said in shown["03"]

    def test_try_the_champion(self, shown: dict[str, str]) -> None:
        assert "dev.nli.classifier version 1 (" in shown["04"]
        assert "first → second" in shown["04"] and "falls by" in shown["04"]

    def test_the_lifecycle_from_python(self, shown: dict[str, str]) -> None:
        assert "reject dev.nli.classifier version 2" in shown["05"]
        assert "bootstrap" in shown["05"]
        assert "is below the minimum of 99.9%" in shown["05"]
        assert shown["05"].rstrip().endswith("reject")

    def test_kedros_own_lines_do_not_drown_the_output(self, shown: dict[str, str]) -> None:
        assert "Loading data from" not in shown["01"]

    def test_no_store_was_made_beside_the_notebooks(self, shown: dict[str, str]) -> None:
        assert sorted(path.name for path in FOLDER.iterdir()) == [path.name for path in NOTEBOOKS]
