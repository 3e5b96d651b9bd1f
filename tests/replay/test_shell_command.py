"""The command, read back by a shell and by `kedro run`'s own parser."""

from __future__ import annotations

import subprocess
from typing import Any

import click
import pytest
from kedro.framework.cli.project import run as kedro_run
from recorded import record

from nli_lifecycle.masking import MASK
from nli_lifecycle.replay.command import shell_command
from nli_lifecycle.replay.overrides import ABSENT, Change, changes, nested
from nli_lifecycle.replay.record import Selection


def passing(parameters: dict[str, Any]) -> list[Change]:
    return list(changes(parameters, {}))


def parsed(command: str, **environment: str) -> dict[str, Any]:
    """What `kedro run` would be called with, after a real shell."""
    script = command.replace("kedro run", "printf '%s\\0'")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ValueError(done.stderr)
    words = done.stdout.split("\0")[:-1]
    context = click.Command("run", params=kedro_run.params).make_context("run", words)
    return context.params


@pytest.mark.parametrize(
    "parameters",
    [
        {"source": "tsv", "training": {"epochs": 1, "learning_rate": 1e-5, "seed": None}},
        {"a": "1", "b": "null", "c": "true", "d": True, "e": "", "f": " x ", "g": "1e-4"},
        {"path": 'it\'s "here" $HOME `id`/*.csv', "labels": {"0": "entailment"}},
        {"sharp": "a # b", "colon": "a: b", "line": "a\nb", "star": "*a", "accent": "é=è"},
        {"empty": [], "none": {}, "one": ["x"], "nested": {"deep": {"list": [1]}}},
    ],
)
def test_values_that_an_option_can_carry_arrive_with_their_types(parameters) -> None:
    command = shell_command("f" * 32, record(), passing(parameters), None)
    assert "--config" not in command and "\n" not in command
    assert parsed(command)["params"] == parameters


@pytest.mark.parametrize(
    "parameters",
    [
        {"keep": ["genre", "annotator's"], "epochs": 1},
        {"source_path": "a,b.csv"},
        {"labels": {"not entailed": "neutral"}},
        {"labels": {"a.b": "neutral"}},
    ],
)
def test_the_rest_goes_through_a_file_that_kedro_reads(parameters, tmp_path) -> None:
    command = shell_command("f" * 32, record(), passing(parameters), None)
    assert command.endswith('--env dev --pipelines data_engineering,training --config "$file"')
    assert parsed(command, TMPDIR=str(tmp_path))["params"] == parameters


def test_a_secret_is_asked_of_the_shell_and_never_written() -> None:
    changed = passing({"epochs": 1, "mail": {"password": MASK}})
    command = shell_command("f" * 32, record(), changed, None)
    assert command.endswith('--params epochs=1,mail.password="${MAIL_PASSWORD:?}"')
    assert parsed(command, MAIL_PASSWORD="hunter 2")["params"] == {
        "epochs": 1,
        "mail": {"password": "hunter 2"},
    }
    with pytest.raises(ValueError, match="MAIL_PASSWORD"):
        parsed(command)
    changed += passing({"keep": ["a", "b"]})
    command = shell_command("f" * 32, record(), changed, None)
    assert command == f"kedro lifecycle replay {'f' * 32} --run"


def test_what_no_parameter_can_express_is_left_out() -> None:
    command = shell_command("f" * 32, record(), [Change(("a",), ABSENT, 1)], None)
    assert "--params" not in command and nested([Change(("a",), ABSENT, 1)]) == {}


def test_environment_configuration_home_and_selection_are_part_of_it(tmp_path) -> None:
    conf = tmp_path / "my conf"
    conf.mkdir()
    selection = Selection(
        tags=("x", "y"),
        from_nodes=("land_rows",),
        to_outputs=("quarantine",),
        load_versions={"a": "2026-11-26T00.00.00.000Z"},
        only_missing_outputs=True,
    )
    kept = record(environment="prod", conf_source=str(conf), selection=selection)
    command = shell_command("f" * 32, kept, [], "/my home")
    assert command.startswith("NLI_HOME='/my home' kedro run --env prod --pipelines ")
    options = parsed(command)
    assert options["pipelines"] == ["data_engineering", "training"]
    assert options["tags"] == ["x", "y"] and options["from_nodes"] == ["land_rows"]
    assert options["to_outputs"] == ["quarantine"] and options["only_missing_outputs"]
    assert options["load_versions"] == {"a": "2026-11-26T00.00.00.000Z"}
    assert options["conf_source"] == str(conf) and f"--conf-source '{conf}'" in command
