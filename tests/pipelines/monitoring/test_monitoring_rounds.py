"""Rounds over a real log: what goes wrong is said, and nothing is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alert_receiver import receiving
from kedro.io import DatasetError
from filed_runs import evaluated, measured, released
from life import kinds, submit
from logged import said
from mlflow.exceptions import MlflowException
from monitoring_run import NOW, PAIRS, MonitoringRun, Traffic, finding

from nli_lifecycle.errors import explain
from nli_lifecycle.monitoring.columns import UNKNOWN
from nli_lifecycle.pipelines.monitoring import asking
from nli_lifecycle.pipelines.monitoring.round import MonitoringError
from nli_lifecycle.serving.head import Release

STRANGER = Release("prod.nli.classifier", "99", "f" * 64, 9)


@pytest.fixture
def traffic(run: MonitoringRun) -> Iterator[Traffic]:
    traffic = Traffic(run.url)
    yield traffic
    traffic.close()


def test_no_log_yet_is_a_note_and_its_rows_are_read_when_they_come(run: MonitoringRun) -> None:
    report = run()
    assert (report.watermark, report.windows, run.exit_code) == (0, (), 0)
    assert "log.db is not there" in report.notes[0] and "NLI_LOG_URL" in report.notes[0]
    traffic = Traffic(run.url)
    assert run().notes == () and run.exit_code == 0  # a log without a row
    traffic.answer(run.release(), PAIRS + 10)
    traffic.close()
    later = run()
    assert (later.account.in_windows, later.account.waiting) == (PAIRS, 10)


def test_a_log_that_is_gone_or_replaced_stops_the_round_and_the_state_stays(
    run: MonitoringRun, traffic: Traffic
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    run()
    before = run.state.load()
    traffic.close()
    (run.home / "log.db").rename(run.home / "elsewhere.db")
    with pytest.raises(MonitoringError, match="read it up to arrival 100: check NLI_LOG_URL"):
        run()
    other = Traffic(run.url)
    other.answer(release, 20)
    other.close()
    with pytest.raises(MonitoringError, match="ends at arrival 20.*up to 100.*move the state away"):
        run()
    assert run.state.load() == before
    (run.home / "state.json").unlink()
    assert run().account.rows == 20


def test_a_damaged_state_is_named_and_never_taken_for_none(
    run: MonitoringRun, traffic: Traffic
) -> None:
    run()
    path = run.home / "state.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DatasetError, match="state.json is no state of monitoring") as caught:
        run()
    told = explain(caught.value)
    assert told and told.startswith(str(path)) and "move it away: the log is then counted" in told


def test_every_row_and_word_is_in_the_account(run: MonitoringRun, traffic: Traffic) -> None:
    release = run.release()
    names = traffic.answer(release, 2 * PAIRS + 30)
    traffic.answer(release, 40, role="shadow")
    traffic.answer(release, 5, probabilities=(0.9, 0.9, 0.9))
    traffic.label(names[:PAIRS])
    traffic.label(names[:10], source="bob")
    traffic.log.say(said("neutral", request_id="nobody"), said("maybe", request_id=names[3]))
    disputed = "neutral" if traffic.truth[names[0]] != "neutral" else "entailment"
    traffic.log.say(said(disputed, source="bob", after=9, request_id=names[0]))
    account = run().account
    assert account.rows == 2 * PAIRS + 30 + 40 + 5
    assert (account.in_windows, account.waiting) == (2 * PAIRS, 35)
    assert (account.shadows, account.repeated) == (40, 0)
    assert (account.words, account.labelled) == (PAIRS + 10 + 1, PAIRS - 1)
    assert (account.disputed, account.damaged_words, account.without_prediction) == (1, 1, 1)
    traffic.answer(release, PAIRS - 35)
    assert run().account.damaged == 5


def test_labels_that_come_late_change_their_window_once_and_fill_the_slices(
    run: MonitoringRun, traffic: Traffic
) -> None:
    names = traffic.answer(run.release(), 2 * PAIRS)
    first = run()
    assert finding(first, "realised_accuracy", 0).state == "missing" and not first.slices
    traffic.label(names[:PAIRS])
    second = run()
    right = sum(s.value * s.pairs for s in second.slices if s.name.startswith("answer") and s.value)
    realised = finding(second, "realised_accuracy", 0)
    assert (realised.state, realised.pairs) == ("measured", PAIRS)
    assert realised.value == pytest.approx(right / PAIRS)
    assert realised.reference == 0.85 and len(second.windows) == 2
    assert finding(second, "realised_accuracy", 1).state == "missing"
    by_kind = {s.name.partition(":")[0] for s in second.slices}
    assert by_kind == {"answer", "endpoint", "overlap", "premise"}
    assert run().windows[0].found == second.windows[0].found


def test_labels_of_closed_windows_are_late_and_not_strays(
    run: MonitoringRun, traffic: Traffic
) -> None:
    names = traffic.answer(run.release(), PAIRS, age=timedelta(days=20))
    assert run().windows[0].found.pairs == PAIRS
    assert run.state.load().kept[0].summary is None
    traffic.label(names[:3])
    late = run()
    assert late.account.without_prediction == 0
    assert any(
        note.startswith("Labels about windows that take none any more: 3") for note in late.notes
    )


def test_feedback_without_prediction_is_found_and_named(
    run: MonitoringRun, traffic: Traffic
) -> None:
    traffic.answer(run.release(), PAIRS)
    traffic.log.say(said("neutral", request_id="typo"))
    report = run()
    found = finding(report, "feedback_without_prediction")
    assert found.value == 1 and "typo at 0" in found.why
    assert [alert.rule for alert in report.alerts] == ["feedback_without_prediction"]
    assert any("typo at 0" in note for note in report.notes) and run.exit_code == 0


def test_a_fall_of_accuracy_is_critical_and_plans_what_is_asked(
    run: MonitoringRun, traffic: Traffic
) -> None:
    release = run.release()
    names = traffic.answer(release, PAIRS) + traffic.answer(release, 2 * PAIRS, right=0.6)
    traffic.label(names)
    report = run()
    assert run.exit_code == 4
    rules = {alert.rule: alert for alert in report.alerts}
    assert rules["realised_accuracy_fell"].severity == "critical"
    assert rules["realised_accuracy_detector"].labelled
    assert "realised_accuracy_alarm" in {name for w in report.windows for name in w.alarms}
    assert {(one.action, one.dry_run) for one in report.actions} == {("freeze", True)}
    assert run().actions == report.actions and run.exit_code == 4  # told once, still open


def test_the_evidence_of_the_release_is_the_reference_and_an_alert_freezes_it(
    tmp_path: Path,
) -> None:
    run = MonitoringRun(tmp_path)
    ref = submit(run.registry, tmp_path / "made", "one")
    about = measured(run.registry, accuracy=0.85)
    evaluated(run.registry, about)
    released(run.registry, about)
    traffic = Traffic(run.url)
    release = Release(ref.name, ref.version, ref.digest, 1)
    traffic.label(traffic.answer(release, 2 * PAIRS, right=0.4))
    traffic.close()
    asked = {"realised_accuracy_fell": ["freeze"]}
    report = run(alerting={"actions": {"dry_run": False, "asked_by": asked}})
    assert finding(report, "realised_accuracy").reference == pytest.approx(0.85)
    assert not any("reference" in note or "never released" in note for note in report.notes)
    assert [(one.action, one.state) for one in report.actions] == [("freeze", "done")]
    assert kinds(run.registry) == ["bootstrap", "promote", "freeze"]
    assert [mark.kind for mark in run().releases] == ["bootstrap", "promote", "freeze"]


def test_a_version_that_was_never_released_is_named(run: MonitoringRun, traffic: Traffic) -> None:
    run.release()
    traffic.answer(STRANGER, PAIRS)
    (note,) = (note for note in run().notes if "never released" in note)
    assert note.startswith(f"Version 99 ({'f' * 12}) of prod.nli.classifier answers")


def test_a_log_that_does_not_say_who_answered_is_still_measured(
    run: MonitoringRun, traffic: Traffic
) -> None:
    traffic.answer(Release("", "", "", -1), PAIRS)
    report = run()
    assert report.windows[0].found.digest == UNKNOWN
    assert finding(report, "estimated_accuracy").state == "measured"
    assert any("does not say which model answers" in note for note in report.notes)


def test_a_registry_that_is_away_leaves_what_was_known_and_alerts_are_raised(
    run: MonitoringRun, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = run.release()
    traffic.label(traffic.answer(release, PAIRS))
    known_before = run()

    def away(*_: object) -> None:
        raise MlflowException("Connection refused")

    monkeypatch.setattr(run.registry.ledger, "lines", away)
    monkeypatch.setattr(asking, "find_reference", away)
    traffic.label(traffic.answer(release, 2 * PAIRS, right=0.6))
    report = run()
    assert report.releases == known_before.releases != ()
    assert any("cannot be read (Connection refused)" in note for note in report.notes)
    assert run.exit_code == 4 and finding(report, "realised_accuracy").reference == 0.85


def test_a_receiver_that_is_down_is_told_in_the_next_round(
    run: MonitoringRun, traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = run.release()
    traffic.label(traffic.answer(release, 2 * PAIRS, right=0.5))
    webhook = {"kind": "webhook", "name": "ops", "url_from": "OPS_URL", "attempts": 1}
    alerting = {"channels": [webhook]}
    with receiving(200) as receiver:
        monkeypatch.setenv("OPS_URL", receiver.url.replace(str(receiver.server_port), "9"))
        down = run(alerting=alerting)
        assert any(note.startswith("Channel ops has not taken") for note in down.notes)
        assert run.exit_code == 4 and "S3CRET" not in down.model_dump_json()
        monkeypatch.setenv("OPS_URL", receiver.url)
        assert not [note for note in run(alerting=alerting).notes if "Channel" in note]
    told = [body["rule"] for _, _, body in receiver.requests if body["subject"] == "alert"]
    assert sorted(told) == sorted({alert.rule for alert in down.alerts})


def test_rows_from_the_future_are_noted(run: MonitoringRun, traffic: Traffic) -> None:
    traffic.answer(run.release(), PAIRS, age=timedelta(hours=-3))
    report = run()
    assert any("ahead of now" in note and "set the clocks" in note for note in report.notes)
    assert report.windows[0].found.pairs == PAIRS


def test_rows_that_say_an_older_time_than_those_before_them_are_counted_where_they_arrive(
    run: MonitoringRun, traffic: Traffic
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    run()
    traffic.answer(release, PAIRS, age=timedelta(days=3))
    report = run()
    assert [one.found.window for one in report.windows] == [1, 2]
    assert report.windows[1].found.end < report.windows[0].found.begin < NOW


def test_drift_is_measured_from_the_first_windows_where_the_evidence_says_nothing(
    run: MonitoringRun, traffic: Traffic
) -> None:
    release = run.release()
    traffic.answer(release, PAIRS)
    early = run(first_windows=2)
    assert any("1 of the first 2 windows are there" in note for note in early.notes)
    traffic.answer(release, PAIRS)
    traffic.answer(release, PAIRS, premise="long " * 300)
    report = run(first_windows=2)
    assert [finding(report, "premise_words", at).state for at in range(3)] == [
        "missing",
        "missing",
        "measured",
    ]
    assert finding(report, "premise_words", 2).p_value < 1e-6
    assert any("first 2 windows after the release" in note for note in report.notes)


def test_another_window_size_ends_what_is_unfinished(run: MonitoringRun, traffic: Traffic) -> None:
    release = run.release()
    traffic.answer(release, 30)
    run()
    traffic.answer(release, 50)
    report = run(window_pairs=50)
    assert [one.found.pairs for one in report.windows] == [30, 50]
    assert any("ended as they were: 1;" in note for note in report.notes)


def test_no_more_windows_are_kept_than_asked_for(run: MonitoringRun, traffic: Traffic) -> None:
    release = run.release()
    traffic.answer(release, 12 * 10)
    report = run(window_pairs=10, keep_windows=10)
    assert [one.found.window for one in report.windows] == list(range(3, 13))
    assert report.account.in_windows == 120
    traffic.answer(release, 10)
    assert run(window_pairs=10, keep_windows=10).windows[0].found.window == 4
