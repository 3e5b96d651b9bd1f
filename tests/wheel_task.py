"""The wheel as a wheel task has it: an environment with our dependencies, and of us only the wheel.

Tasks run in a folder that holds nothing; what they need is named by their parameters.
"""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from project import PROJECT
from spark_servers import python_without_us

from nli_lifecycle.commands.package import pack

#: The platform looks up the entry point, sets sys.argv, and calls it. Whatever is raised, an exit
#: with code 0 included, may count as a failure.
TASK = """
import sys
from importlib.metadata import distribution
package, entry_point, *parameters = sys.argv[1:]
sys.argv = ["wheel_task", *parameters]
(found,) = [e for e in distribution(package).entry_points if e.name == entry_point]
try:
    assert found.load()() is None
except BaseException as error:
    print(f"RAISED {type(error).__module__}.{type(error).__name__}: {error}")
    sys.exit(3)
import nli_lifecycle
print("RETURNED", nli_lifecycle.__file__)
"""

#: Several tasks, one after another, where every registry is the double's. The double lives in a
#: process, so that these tasks share one.
TASKS_ON_UNITY = """
import json, sys
from importlib.metadata import distribution
from pathlib import Path
tests, folder, tasks = sys.argv[1:]
sys.path.append(tests)
from unity import stand_in
stand_in(Path(folder))
(found,) = [e for e in distribution("nli_lifecycle").entry_points if e.name == "nli-job"]
main = found.load()
said = []
for task in json.loads(tasks):
    sys.argv = ["wheel_task", *task]
    try:
        said.append(main())
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")
print("OUTCOMES" + json.dumps(said))
"""


class Workplace:
    """A cluster: a Python with the wheel, the files that were uploaded, and a folder for data."""

    def __init__(self, folder: Path) -> None:
        self.python = Path(python_without_us(folder / "python"))
        self.wheel, self.conf = pack(PROJECT, folder / "dist")
        # Installing a wheel of Python only is unpacking it. pip would take this project's own,
        # of the same version among the dependencies' metadata, for the one to install.
        (packages,) = self.python.parents[1].glob("lib/python*/site-packages")
        with zipfile.ZipFile(self.wheel) as wheel:
            wheel.extractall(packages)
        self.home, self.elsewhere = folder / "home", folder / "elsewhere"
        self.elsewhere.mkdir()

    def task(self, *parameters: str, **variables: str) -> tuple[int, str]:
        """Run a wheel task; returns its exit code and what it printed."""
        return self._run(TASK, "nli_lifecycle", "nli-job", *parameters, **variables)

    def raised(self, *parameters: str) -> str:
        """What a task that fails says in its exception."""
        code, said = self.task(*parameters)
        assert code == 3, said
        return said[said.index("RAISED ") :]

    def tasks_on_unity(self, folder: Path, *tasks: list[str]) -> list[str | None]:
        """Run wheel tasks on the double; returns what each raised, None where it returned."""
        tests = str(Path(__file__).parent)
        code, said = self._run(TASKS_ON_UNITY, tests, str(folder), json.dumps(tasks))
        assert code == 0, said
        found: list[str | None] = json.loads(said.rpartition("OUTCOMES")[2])
        return found

    def left_behind(self) -> list[Path]:
        """Files that tasks wrote where they were started; MLflow 3.8 leaves an empty folder."""
        return [path for path in self.elsewhere.rglob("*") if path.is_file()]

    def _run(self, script: str, *words: str, **variables: str) -> tuple[int, str]:
        ours = ("PYTHONPATH", "NLI_HOME", "DO_NOT_TRACK")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        done = subprocess.run(
            [str(self.python), "-c", script, *words],
            cwd=self.elsewhere,
            env=kept | {"OMP_NUM_THREADS": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1_200,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("workplace"))
