"""The serving image without a container engine: what its Dockerfile says, and its install steps."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from life import crown
from project import PROJECT
from released_bundles import until
from serving_process import answer, serving

pytest_plugins = ["ready_registries", "serving_followers"]

VENV = "/opt/nli"
NOT_IN_IT = (
    "torch",
    "kedro",
    "kedro_mlflow",
    "transformers",
    "pandas",
    "sklearn",
    "pyspark",
    "pip",
)


class Instruction(NamedTuple):
    name: str
    said: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.said)


def stages() -> list[list[Instruction]]:
    text = (PROJECT / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    lines = re.sub(r"\\\n", " ", text).strip().splitlines()
    found: list[list[Instruction]] = []
    for line in filter(str.strip, lines):
        name, _, said = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append(Instruction(name, said.strip()))
    return found


def every(name: str) -> list[Instruction]:
    return [one for stage in stages() for one in stage if one.name == name]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(file: str) -> list[str]:
    lines = (PROJECT / file).read_text().splitlines()
    return [
        normal(re.split(r"[\[=<>~;# ]", line)[0]) for line in lines if re.match(r"[A-Za-z]", line)
    ]


def test_stages_begin_from_slim_images_of_a_version():
    images = [one.words[0] for one in every("FROM")]
    assert len(images) == 2 and len(set(images)) == 1
    assert re.fullmatch(r"python:3\.1[123](\.\d+)?-slim-\w+", images[0])


def test_the_last_stage_runs_as_nobody_special():
    names = [one.name for one in stages()[-1]]
    (user,) = [one.said for one in stages()[-1] if one.name == "USER"]
    uid, gid = map(int, user.split(":"))
    assert uid > 1_000 and gid > 1_000
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("RUN", "COPY"))


def test_nothing_is_fetched_but_pinned_packages():
    assert not every("ADD")
    runs = [command for one in every("RUN") for command in one.said.split("&&")]
    installs = [command for command in runs if "pip" in command.split()]
    for command in runs:
        assert not {"apt-get", "curl", "wget", "git"} & set(command.split())
    assert [shlex.split(command)[-2:] for command in installs] == [
        ["--requirement", "requirements-serving.txt"],
        ["--no-deps", "."],
    ]
    (build,) = [one.said for one in stages()[0] if one.name == "ENV"]
    assert "PIP_CONSTRAINT=constraints.txt" in build.split()


def test_what_is_copied_exists_and_reaches_the_builder():
    ignored = [
        line
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ignored[0] == "*"  # an allow list: no data, no stores, no .git, no .env
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = set()
    for one in every("COPY"):
        *sources, _ = [word for word in one.words if not word.startswith("--")]
        if "--from=build" not in one.words:
            copied |= set(sources)
    assert copied == allowed
    assert all((PROJECT / source).exists() for source in copied)
    assert not any(fnmatch(name, "*.env") or name.startswith("conf") for name in copied)


def test_no_secret_is_in_it():
    said = " ".join(one.said for name in ("ENV", "ARG", "LABEL") for one in every(name))
    assert not re.search(r"(?i)token|secret|password|key|credential", said)


def test_how_it_starts_and_how_it_says_that_it_lives():
    last = {one.name: one.said for one in stages()[-1]}
    assert json.loads(last["ENTRYPOINT"]) == ["nli-serve"]
    assert "CMD" not in last
    program, flag, code = json.loads(last["HEALTHCHECK"].partition("CMD ")[2])
    assert (program, flag) == ("python", "-c") and "/health" in code
    compile(code, "HEALTHCHECK", "exec")


def test_the_image_holds_a_pinned_part_of_the_project():
    pinned, wanted = names_in("constraints.txt"), names_in("requirements-serving.txt")
    assert wanted == sorted(set(wanted)) and set(wanted) <= set(pinned)
    assert not set(wanted) & {normal(name) for name in NOT_IN_IT}


@pytest.mark.slow
def test_the_install_steps_in_a_clean_environment(mlflow_registry, store, tmp_path, bundles):
    """The build stage's own commands; then the service answers from what they installed."""
    venv, context = tmp_path / "venv", tmp_path / "build"
    context.mkdir()
    variables = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_CONSTRAINT": "constraints.txt",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    for one in stages()[0]:
        if one.name == "COPY":
            for source in one.words[:-1]:
                take = shutil.copytree if (PROJECT / source).is_dir() else shutil.copy
                take(PROJECT / source, context / source)
        if one.name == "RUN":
            command = one.said.replace(VENV, str(venv))
            subprocess.run(command, shell=True, check=True, cwd=context, env=variables)
    python = venv / "bin" / "python"
    asked = f"from importlib.util import find_spec; print(*map(find_spec, {NOT_IN_IT!r}))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, env=variables)
    assert done.stdout.split() == ["None"] * len(NOT_IN_IT), done.stderr
    size = sum(path.stat().st_size for path in venv.rglob("*") if path.is_file())
    assert size < 500_000_000, f"{size:,} bytes; docs/serving.md says less"

    prod = mlflow_registry("prod")
    released = crown(prod, prod.register(bundles[0], {}))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        variables.pop(name, None)
    command = [str(venv / "bin" / "nli-serve"), "--model", prod.name, "--registry-uri", store]
    with serving([*command, "--port", "0"], tmp_path, **variables) as address:
        until(lambda: answer(address) == (released.version, 200), 60)
