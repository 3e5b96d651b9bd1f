"""`kedro lifecycle alerts` and `acknowledge`: what a person sees and says between two rounds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml
from alarmed import NOW, RULE, alarm, answer, state
from click.testing import CliRunner, Result
from project import PROJECT
from rich.console import Console

from nli_lifecycle.commands.alert_tables import print_alerts
from nli_lifecycle.commands.lifecycle import lifecycle
from nli_lifecycle.lifecycle.registry.identity import acting
from nli_lifecycle.monitoring.alerting.alerts import retire
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.messages import message

DIGEST = "d1" * 32
ALERT = f"{RULE}-{DIGEST[:12]}-1"
ALERTING = {
    "rules": [
        {
            "kind": "absolute",
            "name": RULE,
            "finding": "realised_accuracy",
            "below": 0.8,
            "sentence": "Look at the worst slices.",
        }
    ],
    "channels": [{"kind": "log", "name": "ops"}],
    "actions": {
        "dry_run": False,
        "asked_by": {RULE: ["freeze", "rollback"]},
        "fresh_hours": 1e6,  # the alerts of these tests are of long ago
    },
}


class World:
    """Effects that freeze, and cannot roll back."""

    def freeze(self, reason, action):
        pass

    def rollback(self, reason, action):
        raise ValueError("prod has no earlier good champion")

    def retrain(self, reason, action):
        raise NotImplementedError

    def happened(self, action_id):
        return False


@pytest.fixture
def conf(tmp_path, monkeypatch) -> Path:
    """Prod's configuration, with monitoring."""
    monkeypatch.setenv("NLI_HOME", str(tmp_path))
    conf = tmp_path / "conf"
    for environment in ("base", "prod"):
        (conf / environment).mkdir(parents=True)
    shutil.copy(PROJECT / "conf" / "prod" / "globals.yml", conf / "prod")
    write(conf, "catalog", {"alert_events": {"filepath": "${globals:data_root}/alerts.jsonl"}})
    write(conf, "parameters", {"monitoring": {"alerting": ALERTING}})
    return conf


@pytest.fixture
def log(conf, tmp_path) -> Path:
    return tmp_path / "data" / "prod" / "alerts.jsonl"


def write(conf: Path, name: str, content: object) -> None:
    (conf / "base" / f"{name}.yml").write_text(yaml.safe_dump(content))


def say(conf: Path, *words: str) -> Result:
    where = ["--env", "prod", "--conf-source", str(conf)]
    return CliRunner().invoke(lifecycle, [*words, *where], catch_exceptions=False)


def told(done: Result) -> str:
    return " ".join(done.output.split())


def seen(conf: Path, *words: str):
    done = say(conf, "alerts", *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_without_any_alert_it_says_so_and_makes_no_log(conf, log):
    assert told(say(conf, "alerts")) == "prod: no alert."
    assert not log.exists()


def test_alerts_and_what_was_done_withheld_and_is_due(conf, log, caplog):
    caplog.set_level("CRITICAL")
    alarm(log, DIGEST)
    answer(log, World(), "freeze", "rollback")
    found = seen(conf)
    assert [(one["id"], one["state"]) for one in found["alerts"]] == [(ALERT, "open")]
    assert [(one["action"], one["state"]) for one in found["actions"]] == [
        ("freeze", "done"),
        ("rollback", "failed"),
    ]
    why = {one["action"]: one["why"] for one in found["withheld"]}
    assert why["freeze"] == f"answered by freeze-{ALERT}-1"
    assert why["rollback"] == "firing verdicts in a row: 1; rollback asks for 2"
    text = told(say(conf, "alerts"))
    assert f"prod · 1 unresolved critical {ALERT} version 2, open; since 2026-03-05" in text
    assert f"done freeze-{ALERT}-1, 2026-03-05 00:00 UTC Done." in text
    assert "ValueError: prod has no earlier good champion" in text
    assert "withheld rollback, asked for by" in text
    assert "Messages not delivered yet: 3" in text


def test_resolved_alerts_are_shown_when_asked_for(conf, log):
    alarm(log, DIGEST)
    answer(log, World(), "freeze")
    EventLog(log).change(lambda now: retire(now, set(), None, NOW, {}))
    assert seen(conf)["alerts"] == seen(conf)["actions"] == []
    found = seen(conf, "--all")
    assert [one["state"] for one in found["alerts"]] == ["resolved"]
    assert [one["action"] for one in found["actions"]] == ["freeze"]
    assert "resolved: there is no such rule any more" in told(say(conf, "alerts", "--all"))


def test_acknowledging_keeps_who_and_why_and_tells_the_channels(conf, log):
    alarm(log, DIGEST)
    done = say(conf, "acknowledge", ALERT, "--reason", "a new client; labels are on their way")
    assert done.exit_code == 0 and "channels are told in the next round" in done.output
    (alert,) = state(log).unresolved()
    assert (alert.state, alert.by) == ("acknowledged", acting("sqlite:///x"))
    assert alert.reason == "a new client; labels are on their way"
    event, channel = state(log).owed()[-1]
    assert (event.kind, channel) == ("acknowledged", "ops")
    assert message(event).text.startswith(
        f"Acknowledged by {alert.by}: a new client; labels are on their way. Accuracy is 70%"
    )
    assert f"acknowledged by {alert.by}: a new client" in told(say(conf, "alerts"))
    assert seen(conf)["withheld"][0]["why"] == f"acknowledged by {alert.by}, who decides"

    again = say(conf, "acknowledge", ALERT, "--reason", "once more")
    assert (again.exit_code, told(again)) == (0, f"{ALERT} was acknowledged before.")
    assert state(log).unresolved() == [alert]


def test_a_dry_run_acknowledges_nothing(conf, log):
    alarm(log, DIGEST)
    before = log.read_bytes()
    assert (
        "would be acknowledged"
        in say(conf, "acknowledge", ALERT, "--reason", "x", "--dry-run").output
    )
    assert log.read_bytes() == before


@pytest.mark.parametrize(
    "words, why",
    [
        (["nothing-d1-1", "--reason", "x"], f"no alert 'nothing-d1-1'; unresolved: {ALERT}."),
        ([ALERT], "Missing option '--reason'"),
    ],
)
def test_what_cannot_be_acknowledged_is_one_message(conf, log, words, why):
    alarm(log, DIGEST)
    done = say(conf, "acknowledge", *words)
    assert done.exit_code != 0 and why in told(done) and "Traceback" not in done.output


def test_an_unknown_alert_makes_no_log(conf, log):
    done = say(conf, "acknowledge", ALERT, "--reason", "x")
    assert done.exit_code == 1 and "unresolved: none" in told(done)
    assert not log.exists()


@pytest.mark.parametrize(
    "name, content, why",
    [
        ("catalog", {}, "prod is not monitored: its configuration has no 'alert_events'"),
        ("parameters", {}, "prod is not monitored: its configuration has no 'monitoring'"),
        (
            "parameters",
            {"monitoring": {"alerting": {**ALERTING, "rules": []}}},
            "The parameters of prod are not valid: monitoring.alerting.rules: Tuple should have",
        ),
    ],
)
def test_an_environment_that_is_not_monitored_says_what_lacks(conf, name, content, why):
    write(conf, name, content)
    done = say(conf, "alerts")
    assert done.exit_code == 1 and why in told(done) and "Traceback" not in done.output


def test_a_damaged_log_is_named(conf, log):
    alarm(log, DIGEST)
    log.write_text("{}\n" + log.read_text())
    done = say(conf, "alerts")
    assert done.exit_code == 1 and f"{log}, line 1" in told(done)


def test_without_a_configuration_it_says_where_alerts_are():
    where = ["--model", "prod.nli.classifier", "--registry-uri", "sqlite:///nowhere.db"]
    done = CliRunner().invoke(lifecycle, ["alerts", *where], catch_exceptions=False)
    assert done.exit_code == 1 and "name the environment with --env" in told(done)


@pytest.mark.parametrize("width", [60, 160])
def test_it_fits_the_terminal(conf, log, width, capsys):
    alarm(log, DIGEST)
    answer(log, World(), "freeze")
    print_alerts("prod", seen(conf), Console(width=width))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width and any(ALERT in line for line in lines)
