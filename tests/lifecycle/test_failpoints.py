"""SIGKILL before and after every effect of every operation; see tests/failpoints.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project import PROJECT

#: Effects per operation, twice each: before and after. A change of either is a change of protocol.
FAILPOINTS = {
    "promote": 32,
    "first promotion": 42,
    "intake": 18,
    "approve": 4,
    "rollback": 18,
    "actions of alerts": 32,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_anywhere_the_same_command_finishes_the_job(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tests" / "failpoints.py"), name],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["broken"] == []
    assert found["failpoints"] == {name: FAILPOINTS[name]}
