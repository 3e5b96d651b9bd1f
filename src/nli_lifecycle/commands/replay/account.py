"""A run and today side by side: everything `replay` says, and what it would pass."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kedro.utils import find_kedro_project

from nli_lifecycle.commands.places import Place, find_places
from nli_lifecycle.commands.replay.checkout import configured, look_around
from nli_lifecycle.replay.command import shell_command
from nli_lifecycle.replay.differences import code_differences, differences
from nli_lifecycle.replay.overrides import ABSENT, Change, nested, overrides
from nli_lifecycle.replay.record import Record
from nli_lifecycle.replay.runs import FoundRun


@dataclass(frozen=True)
class Account:
    """What there is to say about repeating a recorded run.

    Attributes:
        run: the run.
        record: what it recorded.
        place: its environment, as it is configured today.
        changed: parameters to pass.
        differs: a line per difference.
        code_differs: those of them that make a replay another experiment.
        home: NLI_HOME to set; None: none.
    """

    run: FoundRun
    record: Record
    place: Place
    changed: tuple[Change, ...]
    differs: tuple[str, ...]
    code_differs: tuple[str, ...]
    home: str | None

    @property
    def conf_source(self) -> str | None:
        """The configuration to name; None: the project's own."""
        source = Path(self.place.conf_source).absolute()
        project = find_kedro_project(Path.cwd())
        return None if project and source == project / "conf" else str(source)

    @property
    def checkout(self) -> str | None:
        """The commit to go to; None where the code is the same or was in none."""
        sha = self.record.code.git_sha
        return f"git checkout {sha}" if sha and self.code_differs else None

    @property
    def command(self) -> str:
        """The shell command that repeats the run."""
        record = self.record.model_copy(update={"conf_source": self.conf_source})
        return shell_command(self.run.run_id, record, list(self.changed), self.home)

    @property
    def passed(self) -> dict[str, Any]:
        """The runtime parameters to pass, secrets blanked."""
        return nested(self.changed)

    @property
    def secrets(self) -> list[Change]:
        """Parameters that the user must give."""
        return [change for change in self.changed if change.secret]

    @property
    def impossible(self) -> list[Change]:
        """Parameters of today that no runtime parameter can take away."""
        return [change for change in self.changed if change.was is ABSENT]


def account_for(run: FoundRun, record: Record, place: Place, conf_given: bool) -> Account:
    """Compare a run with today.

    Args:
        run: the run.
        record: what it recorded.
        place: its environment.
        conf_given: the user names the configuration; else the run's own is taken, if it is there.
    """
    gone = []
    if record.conf_source and not conf_given:
        if Path(record.conf_source).exists():
            (place,) = find_places(place.environment, None, None, None, record.conf_source)
        else:
            gone = [f"Configuration {record.conf_source} is gone: the project's is taken."]
    changed = overrides(record.parameters, record.runtime_params, configured(place))
    today = look_around(place, run, changed)
    moved = record.home != today.home and Path(record.home).is_dir()
    differs = differences(record, run.tags.get("data_version"), today, changed)
    return Account(
        run=run,
        record=record,
        place=place,
        changed=tuple(changed),
        differs=(*gone, *differs),
        code_differs=tuple(code_differences(record.code, today.code)),
        home=record.home if moved else today.home if "NLI_HOME" in os.environ else None,
    )


def describe(run: FoundRun, record: Record | None) -> dict[str, Any]:
    """What a run says of itself, under the names of `--json`; None for what it does not say.

    Without a record there are kedro-mlflow's texts of pipelines, parameters and what was given.
    """
    tags = run.tags
    return {
        "run_id": run.run_id,
        "asked": run.asked,
        "environment": tags.get("environment"),
        "started": run.started,
        "status": run.status,
        "command": tags.get("command"),
        "pipelines": list(record.pipelines) if record else tags.get("pipeline_names"),
        "selection": record.selection.model_dump(exclude_defaults=True) if record else None,
        "runtime_params": record.runtime_params if record else tags.get("runtime_params"),
        "parameters": record.parameters if record else dict(sorted(run.params.items())),
        "data_version": tags.get("data_version"),
        "training_key": tags.get("training_key"),
        "digest": tags.get("digest"),
        "config_hash": tags.get("config_hash"),
        "git_sha": tags.get("git_sha"),
        "git_dirty": tags.get("git_dirty") == "true" if "git_sha" in tags else None,
        "code_version": record.code.version if record else None,
        "libraries": record.code.libraries if record else None,
        "inputs": [asdict(used) for used in run.used],
    }
