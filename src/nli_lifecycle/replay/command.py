"""The shell command that runs a recorded run again: one line, quoted, nothing secret in it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from omegaconf import OmegaConf

from nli_lifecycle.replay.overrides import ABSENT, Change, nested
from nli_lifecycle.replay.record import Record, Selection

#: Selection's fields → options of `kedro run`.
OPTIONS = {
    "tags": "--tags",
    "node_names": "--nodes",
    "from_nodes": "--from-nodes",
    "to_nodes": "--to-nodes",
    "from_inputs": "--from-inputs",
    "to_outputs": "--to-outputs",
    "namespaces": "--namespaces",
}


def shell_command(run_id: str, record: Record, changed: list[Change], home: str | None) -> str:
    """Write the command.

    Parameters that `--params` cannot carry (a text or a list with a comma in it) go through the
    file that `kedro run --config` reads. A secret is taken from an environment variable: the
    shell refuses where it is not set.

    Args:
        run_id: the run.
        record: what the run says.
        changed: parameters to pass.
        home: NLI_HOME to set; None: none.
    """
    prefix = f"NLI_HOME={shlex.quote(home)} " if home else ""
    secrets = [change for change in changed if change.secret]
    plain = [change for change in changed if not change.secret and change.was is not ABSENT]
    words = [_assignment(change) for change in plain]
    given = [shlex.quote(",".join(word for word in words if word))] if plain else []
    given += [f'{change.name}="${{{change.variable}:?}}"' for change in secrets]
    if None not in words:
        parameters = f" --params {','.join(given)}" if given else ""
        return f"{prefix}kedro run{_options(record)}{parameters}"
    if secrets:  # the file would keep them
        return f"{prefix}kedro lifecycle replay {run_id} --run"
    content = json.dumps({"run": {"params": nested(plain)}}, ensure_ascii=False)
    written = f"file=$(mktemp) && printf '%s\\n' {shlex.quote(content)} > \"$file\""
    return f'{written} && {prefix}kedro run{_options(record)} --config "$file"'


def _options(record: Record) -> str:
    words = ["--env", record.environment, "--pipelines", ",".join(record.pipelines)]
    if record.conf_source:
        words += ["--conf-source", record.conf_source]
    words += _selected(record.selection)
    return " " + shlex.join(words)


def _selected(selection: Selection) -> Iterator[str]:
    for field, option in OPTIONS.items():
        if names := getattr(selection, field):
            yield from (option, ",".join(names))
    if selection.load_versions:
        pairs = [f"{name}:{version}" for name, version in selection.load_versions.items()]
        yield from ("--load-versions", ",".join(pairs))
    if selection.only_missing_outputs:
        yield "--only-missing-outputs"


def _assignment(change: Change) -> str | None:
    """The parameter as `--params` takes it; None where it would be read as something else."""
    if not all(re.fullmatch(r"[\w-]+", part) for part in change.path):
        return None
    value = change.was
    for text in (value, json.dumps(value, ensure_ascii=False)):
        if isinstance(text, str) and "," not in text and _reads(change, text) == value:
            return f"{change.name}={text}"
    return None


def _reads(change: Change, text: str) -> Any:
    """What Kedro makes of it: it splits at commas, strips, and reads the value as YAML."""
    item = f"{change.name}={text}".strip()
    try:
        found = OmegaConf.to_container(OmegaConf.from_dotlist([item]))
        for part in change.path:
            found = found[part]
    except Exception:  # whatever the parser trips over, it cannot be written like this
        return ABSENT
    return found if type(found) is type(change.was) else ABSENT
