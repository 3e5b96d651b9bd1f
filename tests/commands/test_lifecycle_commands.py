"""`nli-lifecycle …` as typed where there is no project: a registry's address and a name do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from life import ASKING, promote, submit
from project import PROJECT

from nli_lifecycle.commands.advance import carry_on
from nli_lifecycle.commands.doctor import examine
from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.commands.places import Place, PlaceError, find_places

pytest_plugins = ["ready_registries"]

NAME = "prod.nli.classifier"


@pytest.fixture(autouse=True)
def _no_address_from_outside():
    """Not by monkeypatch: that would put back what ``mlflow.set_tracking_uri`` exported."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)


@pytest.fixture
def prod(mlflow_registry, tmp_path):
    """One champion, and a held candidate."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # exported by the fixture `store`
    registry = mlflow_registry("prod")
    submit(registry, tmp_path, "one")
    promote(registry)
    submit(registry, tmp_path, "two", author="ann")
    promote(registry, ASKING)
    return registry


def say(store: str, *words: str) -> Result:
    where = ["--model", NAME, "--registry-uri", store]
    return CliRunner().invoke(lifecycle, [*words, *where], catch_exceptions=False)


def answer(store: str, *words: str):
    done = say(store, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_status_has_the_documented_names(prod, store):
    found = answer(store, "status")["prod"]
    champion = found["champion"]
    assert {"version", "digest", "epoch", "since", "by"} <= champion.keys()
    assert (champion["version"], champion["epoch"], champion["by"]) == ("1", 1, "somebody")
    assert found["candidate"]["version"] == found["held"]["version"] == "2"
    assert found["held"]["reasons"] == "The policy asks for 1 approval, and none is given."
    assert (found["aliases_match"], found["frozen"], found["epoch"]) == (True, None, 1)


def test_status_and_history_as_text(prod, store):
    text = say(store, "status").output
    assert "prod · prod.nli.classifier · epoch 1" in text
    assert f"champion   version 1 ({prod.alias('champion').digest[:12]})" in text
    assert "held       The policy asks for 1 approval" in text
    text = say(store, "history").output
    assert text.startswith("Releases of prod") and "version 1 (" in text
    assert "somebody: by policy" in " ".join(text.split())


def test_the_way_of_a_held_candidate(prod, store):
    done = answer(store, "approve", "--version", "2", "--reason", "fine")
    assert done["version"] == "2" and done["by"].endswith("(system)")
    (approval,) = answer(store, "status")["prod"]["held"]["approvals"]
    assert approval["reason"] == "fine" and approval["by"] == done["by"]
    prod.actor = "somebody"
    assert promote(prod, ASKING).champion.version == "2"

    assert "would be champion" in say(store, "rollback", "--reason", "x", "--dry-run").output
    assert answer(store, "status")["prod"]["champion"]["version"] == "2"
    done = answer(store, "rollback", "--reason", "too slow")
    assert (done["version"], done["epoch"], done["dry_run"]) == ("1", 3, False)
    assert answer(store, "freeze", "--reason", "incident")["epoch"] == 4
    assert answer(store, "status")["prod"]["frozen"]["reason"] == "incident"
    assert answer(store, "unfreeze")["epoch"] == 5
    entries = answer(store, "history")
    assert [entry["kind"] for entry in entries] == [
        *("bootstrap", "promote", "promote", "rollback", "freeze", "unfreeze")
    ]
    assert any("golden probes answered" in line for line in answer(store, "verify")["prod"])
    assert answer(store, "reconcile")["done"] == []
    assert answer(store, "diff", "1", "2")["author"] == [None, "ann"]
    assert answer(store, "prune")["versions"] == []


@pytest.mark.parametrize(
    "words, why",
    [
        (["approve", "--version", "1"], "Version 1 is not the candidate of prod"),
        (["rollback", "--reason", "why"], "no earlier good champion"),
        (["rollback"], "Missing option '--reason'"),
        (["unfreeze"], "prod is not frozen"),
        (["reject", "--version", "1", "--reason", "bad"], "is in use. Roll back first"),
        (["reconcile", "--rebuild"], "is whole: there is nothing to rebuild"),
        (["prune", "--version", "1"], "Version 1 of prod.nli.classifier is not deleted"),
        (["diff", "1", "9"], "has no version 9. There are: 1, 2"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_changes_nothing(prod, store, words, why):
    before = prod.ledger.lines(), prod.versions(), prod.aliases()
    done = say(store, *words)
    assert done.exit_code != 0 and why in " ".join(done.output.split())
    assert "Traceback" not in done.output
    assert (prod.ledger.lines(), prod.versions(), prod.aliases()) == before


def test_verify_and_doctor_exit_non_zero_at_a_fault(prod, store):
    assert say(store, "verify").exit_code == 0 and say(store, "doctor").exit_code == 0
    prod.point("champion", list(prod.versions())[1])
    done = say(store, "verify")
    assert done.exit_code == 1 and "do not follow the ledger" in done.output
    done = say(store, "doctor")
    assert done.exit_code == 1 and "✗ prod · aliases: they do not follow the ledger" in done.output
    status = say(store, "status").output
    assert "aliases" in status and "reconcile --env prod" in status
    assert "restore, because alias champion pointed" in say(store, "reconcile").output


def test_doctor_tells_a_deleted_ledger_from_one_that_never_was(prod, store):
    experiment = prod.client.get_experiment_by_name(prod.ledger.experiment)
    prod.client.delete_experiment(experiment.experiment_id)
    done = say(store, "doctor")
    assert "the versions still carry 2 of its lines" in done.output
    prod.client.restore_experiment(experiment.experiment_id)
    prod.client.rename_experiment(experiment.experiment_id, "elsewhere")
    assert "It was deleted: the versions carry 2 of its lines" in say(store, "doctor").output
    for ref in prod.versions():
        for tag in prod.tags(ref):
            if tag.startswith("ledger_"):
                prod.client.delete_model_version_tag(prod.name, ref.version, tag)
    assert "There never was one, but there is a champion" in say(store, "doctor").output


def test_without_project_model_or_address_the_command_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlaceError, match="no project here. Name the model"):
        find_places(None, None, None, None, None)
    with pytest.raises(PlaceError, match="--registry-uri <address>"):
        find_places(None, NAME, None, None, None)


def test_environments_come_in_the_order_in_which_models_travel(monkeypatch, tmp_path):
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    monkeypatch.chdir(PROJECT)
    places = find_places(None, None, None, None, None)
    assert [place.environment for place in places] == ["dev", "staging", "prod"]
    assert all(place.empty for place in places)
    with pytest.raises(PlaceError, match="Unknown environment 'qa'. Known: dev, prod, staging"):
        find_places("qa", None, None, None, None)
    done = CliRunner().invoke(lifecycle, ["freeze", "--reason", "x"])
    assert done.exit_code == 1 and "Say which environment: --env dev or staging" in done.output
    assert not (tmp_path / "mlruns").exists()


def test_looking_is_quick_and_needs_no_project(prod, store, tmp_path):
    """In a process of its own, as the installed command runs."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "nli_lifecycle", "status", "--model", NAME]
        + ["--registry-uri", store, "--json"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    seconds = time.monotonic() - started
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["prod"]["champion"]["version"] == "1"
    assert seconds < 60, "5 seconds on a quiet machine"


def test_carrying_on_runs_only_what_is_new(mlflow_registry, tmp_path, store, monkeypatch):
    def place(environment: str, upstream: str | None) -> Place:
        settings = {
            "upstream": upstream and {"model": f"{upstream}.nli.classifier"},
            "data_root": str(tmp_path / environment),
        }
        return Place(environment, f"{environment}.nli.classifier", store, store, settings)

    places = [place("dev", None), place("staging", "dev"), place("prod", "staging")]
    ran: list[str] = []
    monkeypatch.setattr(
        "nli_lifecycle.commands.advance._run",
        lambda at, pipelines: ran.append(at.environment + pipelines),
    )
    assert [step["said"] for step in carry_on(places, None, dry_run=False)] == [
        "nothing new upstream"
    ] * 2

    dev = mlflow_registry("dev")
    submit(dev, tmp_path, "one")
    promote(dev)
    steps = carry_on(places, None, dry_run=True)
    assert ran == [] and steps[0]["ran"] and "is new here" in steps[0]["said"]
    carry_on(places, "staging", dry_run=False)
    assert ran == ["staging"]
    staging = mlflow_registry("staging")
    submit(staging, tmp_path, "one")
    promote(staging, accuracy=0.3)
    assert [step["ran"] for step in carry_on(places, None, dry_run=False)] == [False, False]
    with pytest.raises(PlaceError, match="Unknown environment 'qa'"):
        carry_on(places, "qa", dry_run=True)


def test_carrying_on_releases_what_was_approved_since(prod, store, tmp_path, monkeypatch):
    staging = Place("staging", "staging.nli.classifier", store, store, {})
    settings = {"upstream": {"model": "staging.nli.classifier"}}
    places = [staging, Place("prod", NAME, store, store, settings)]
    ran: list[str] = []
    monkeypatch.setattr(
        "nli_lifecycle.commands.advance._run",
        lambda at, pipelines: ran.append(f"{at.environment} {pipelines}"),
    )
    carry_on(places, None, dry_run=False)
    assert ran == []
    say(store, "approve", "--version", "2")
    (step,) = carry_on(places, None, dry_run=False)
    assert ran == ["prod promotion"] and step["said"].startswith("version 2 was approved")


def test_who_acts_comes_from_the_platform(monkeypatch):
    from nli_lifecycle.lifecycle.registry.identity import acting

    monkeypatch.setenv("LOGNAME", "somebody else")
    monkeypatch.setenv("USER", "somebody else")
    import pwd

    mine = pwd.getpwuid(os.getuid()).pw_name
    assert acting("sqlite:///x.db") == f"{mine} (system)"
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    assert acting("https://mlflow.example") == "ann (MLflow)"
    assert acting("sqlite:///x.db") == f"{mine} (system)"  # no server checks that name


def test_the_group_is_part_of_kedros_commands():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("kedro")), "lifecycle", "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    for name in "status history approve reject rollback freeze unfreeze verify reconcile".split():
        assert f"  {name} " in done.stdout
    assert {"diff", "doctor", "prune", "advance"} <= lifecycle.commands.keys()


def test_doctor_finds_a_fresh_project_fit_and_names_what_is_not(monkeypatch, tmp_path):
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    monkeypatch.chdir(PROJECT)
    (place,) = find_places("staging", None, None, None, None)
    assert [(one.check, one.fine) for one in examine(place)] == [
        (check, True)
        for check in "configuration,catalog,data folder,stores,ledger,aliases,upstream".split(",")
    ]

    conf = tmp_path / "conf"
    shutil.copytree(PROJECT / "conf", conf)
    catalog = conf / "base" / "catalog_promotion.yml"
    catalog.write_text(catalog.read_text().replace("text.TextDataset", "text.TxtDataset"))
    policy = conf / "staging" / "parameters_promotion.yml"
    policy.write_text(policy.read_text().replace("minimum_rows", "minimal_rows"))
    (place,) = find_places("staging", None, None, None, str(conf))
    found = {one.check: one for one in examine(place)}
    assert "minimal_rows" in found["configuration"].said
    assert "TxtDataset" in found["catalog"].said and "decision_text" in found["catalog"].said
    assert {check for check, one in found.items() if not one.fine} == {"configuration", "catalog"}


def test_admit_takes_the_held_candidate_and_nothing_else(prod, store):
    refused = say(store, "admit", "--model-name", NAME, "--model-version", "1")
    assert refused.exit_code == 1 and "is not the candidate of prod" in refused.output
    admitted = answer(store, "admit", "--model-name", NAME, "--model-version", "2")
    held = prod.alias("candidate")
    assert admitted == {"version": "2", "digest": held.digest}
