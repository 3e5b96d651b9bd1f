"""Planning: what speaks against an action, first."""

from __future__ import annotations

import pytest
from alerting_windows import DIGEST, HOUR, START
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nli_lifecycle.monitoring.alerting.actions import ACTIONS, ActionPolicy, Limit, plan
from nli_lifecycle.monitoring.alerting.state import Action, Alert

NOW = START + 100 * HOUR
EVERY = ("notify", "freeze", "rollback", "retrain")
POLICY = ActionPolicy(
    dry_run=False,
    asked_by={"fell": EVERY, "estimate": EVERY},
    freeze=Limit(after_windows=1, cool_down_hours=24, maximum_per_day=2),
    rollback=Limit(after_windows=2, cool_down_hours=24, maximum_per_day=2),
    retrain=Limit(after_windows=3, cool_down_hours=24, maximum_per_day=2),
)


def alert(rule="fell", **facts) -> Alert:
    return Alert(
        **{
            "id": f"{rule}-1",
            "rule": rule,
            "model": "nli",
            "version": "3",
            "digest": DIGEST,
            "state": "open",
            "severity": "critical",
            "labelled": rule == "fell",
            "opened": START,
            "at": NOW,
            "arrival": 500,
            "window": 0,
            "seen": NOW,
            "told": NOW,
            "times": 3,
            "streak": 3,
            "quiet": 0,
            "sentence": "It fell.",
            **facts,
        }
    )


def past(action="rollback", hours=1.0, **facts) -> Action:
    return Action(
        **{
            "id": f"{action}-old-1",
            "action": action,
            "state": "done",
            "model": "nli",
            "version": "2",
            "digest": "other",
            "alerts": ("old-1",),
            "reason": "",
            "dry_run": False,
            "planned": NOW - hours * HOUR,
            **facts,
        }
    )


def actions(alerts, before=(), policy=POLICY):
    return [one.action for one in plan(policy, alerts, before, NOW).planned]


def why(action, alerts, before=(), policy=POLICY):
    """Why the action is withheld."""
    found = plan(policy, alerts, before, NOW)
    assert action not in [one.action for one in found.planned]
    (withheld,) = [one for one in found.withheld if one.action == action]
    return withheld.why


def test_a_policy_that_nobody_understands_is_refused():
    for given_ in (
        {"asked_by": {"fell": ["explode"]}},
        {"rollback": {"after_windows": 0}},
        {"rollback": {"cooldown": 3}},
    ):
        with pytest.raises(ValidationError):
            ActionPolicy.model_validate(given_)


def test_by_default_nothing_is_done():
    assert ActionPolicy().dry_run and actions([alert()], policy=ActionPolicy()) == []


def test_without_alerts_nothing_is_planned():
    found = plan(POLICY, [], [past()], NOW)
    assert (found.planned, found.withheld) == ((), ())


def test_an_alert_that_asks_for_nothing_gets_nothing():
    assert actions([alert("other")]) == []
    assert (
        actions([alert()], policy=ActionPolicy(dry_run=False, asked_by={"fell": ("notify",)})) == []
    )


def test_insufficient_ended_the_row_so_nothing_is_done():
    assert actions([alert(streak=0)]) == []
    assert why("freeze", [alert(streak=0)]) == "firing verdicts in a row: 0; freeze asks for 1"


@pytest.mark.parametrize(("streak", "expected"), [(1, 1), (2, 2), (3, 3), (9, 3)])
def test_each_action_asks_for_its_own_row(streak, expected):
    assert actions([alert(streak=streak)]) == list(ACTIONS[:expected])


def test_an_acknowledged_alert_is_in_somebodys_hands():
    assert (
        why("freeze", [alert(state="acknowledged", by="ann")]) == "acknowledged by ann, who decides"
    )
    assert actions([alert(state="resolved")]) == []


@pytest.mark.parametrize(("hours", "fresh"), [(24, True), (24.1, False)])
def test_old_evidence_moves_nothing(hours, fresh):
    old = alert(seen=NOW - hours * HOUR)
    assert bool(actions([old])) == fresh
    assert fresh or "nothing was seen since" in why("rollback", [old])


def test_silence_without_any_model_acts_on_nothing():
    assert why("rollback", [alert(digest="")]) == "no model is known to act on"


def test_estimates_alone_roll_nothing_back():
    estimate = alert("estimate")
    assert actions([estimate]) == ["freeze", "retrain"]
    assert "rests on estimates alone" in why("rollback", [estimate])
    bold = POLICY.model_copy(update={"rollback_on_estimates": True})
    assert "rollback" in actions([estimate], policy=bold)


@pytest.mark.parametrize(
    ("facts", "supported"),
    [
        ({}, True),
        ({"streak": 0}, False),
        ({"digest": "other"}, False),
        ({"labelled": False}, False),
    ],
)
def test_an_estimate_is_supported_by_labels_on_the_same_model_that_fire_now(facts, supported):
    labelled = alert("realised", **{"labelled": True, **facts})
    assert ("rollback" in actions([alert("estimate"), labelled])) == supported


def test_never_twice_from_the_same_digest():
    old = past(digest=DIGEST, hours=10_000)
    assert f"rolled back from on {START.year - 1}" in why("rollback", [alert()], [old])
    assert "rollback" in actions([alert()], [past(digest=DIGEST, hours=30, state="failed")])


def test_never_while_it_is_not_known_what_became_of_the_last():
    before = [past(state="planned", hours=300)]
    assert "whether rollback-old-1 took effect is not known yet" in why(
        "rollback", [alert()], before
    )


@pytest.mark.parametrize(("hours", "free"), [(23.9, False), (24, True)])
def test_an_action_cools_down(hours, free):
    assert ("freeze" in actions([alert()], [past("freeze", hours)])) == free
    if not free:
        assert "cools down until" in why("freeze", [alert()], [past("freeze", hours)])


def test_a_failure_does_not_cool_down_but_counts():
    failed = past("freeze", 1, state="failed")
    assert "freeze" in actions([alert()], [failed])
    twice = [failed, past("freeze", 2, state="failed", id="freeze-old-2")]
    assert why("freeze", [alert()], twice) == "2 attempts in 24 hours, and 2 are allowed"
    assert "freeze" in actions([alert()], [failed, past("freeze", 24, state="failed")])


def test_actions_do_not_count_for_each_other():
    assert actions([alert()], [past("freeze")]) == ["rollback", "retrain"]


def test_an_alert_is_answered_once():
    before = [past("freeze", 9_999, alerts=("fell-1",))]
    assert why("freeze", [alert()], before) == "answered by freeze-old-1"
    again = [past("freeze", 9_999, alerts=("fell-1",), state="failed")]
    assert "freeze" in actions([alert()], again)


def test_alerts_that_ask_together_are_answered_together():
    found = plan(POLICY, [alert(), alert("estimate")], [], NOW)
    freeze = found.planned[0]
    assert (freeze.id, freeze.alerts) == ("freeze-fell-1-1", ("fell-1", "estimate-1"))
    assert freeze.reason == (
        "fell-1 (firing verdicts in a row: 3): It fell. "
        "estimate-1 (firing verdicts in a row: 3): It fell. [action freeze-fell-1-1]"
    )


def test_one_of_a_kind_at_a_time():
    other = alert(id="fell-2", digest="other")
    found = plan(POLICY, [alert(), other], [], NOW)
    assert [one.digest for one in found.planned] == [DIGEST] * 3
    assert {one.why for one in found.withheld} == {f"one {action} at a time" for action in ACTIONS}


def test_the_next_attempt_has_an_id_of_its_own():
    failed = past("freeze", state="failed", id="freeze-fell-1-1", alerts=("fell-1",))
    assert plan(POLICY, [alert()], [failed], NOW).planned[0].id == "freeze-fell-1-2"


def test_dry_runs_hold_up_dry_runs_only():
    dry = POLICY.model_copy(update={"dry_run": True})
    first = plan(dry, [alert()], [], NOW).planned[0]
    assert (first.id, first.dry_run) == ("freeze-fell-1-dry-1", True)
    before = [past("freeze", id=first.id, dry_run=True, alerts=("fell-1",))]
    assert "freeze" not in actions([alert()], before, dry)
    assert "freeze" in actions([alert()], before)
    assert "freeze" not in actions([alert()], [past("freeze")], dry)


@given(
    st.lists(
        st.builds(
            alert,
            st.sampled_from(["fell", "estimate", "other"]),
            state=st.sampled_from(["open", "acknowledged"]),
            streak=st.integers(0, 4),
            digest=st.sampled_from([DIGEST, "other", ""]),
        ),
        max_size=4,
        unique_by=lambda one: (one.rule, one.digest),
    ),
    st.lists(
        st.builds(
            past,
            st.sampled_from(ACTIONS),
            st.floats(0, 60),
            state=st.sampled_from(["planned", "done", "failed"]),
            digest=st.sampled_from([DIGEST, "other"]),
            dry_run=st.booleans(),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_whatever_happened_no_rule_of_the_policy_is_broken(alerts, before, dry_run):
    alerts = [one.model_copy(update={"id": f"{one.rule}-{n}"}) for n, one in enumerate(alerts)]
    policy = POLICY.model_copy(update={"dry_run": dry_run})
    found = plan(policy, alerts, before, NOW)
    assert found == plan(policy, alerts, before, NOW)
    assert len({one.action for one in found.planned}) == len(found.planned)
    real = [one for one in before if not one.dry_run]
    for planned in found.planned:
        asking = [one for one in alerts if one.id in planned.alerts]
        limit = policy.limit(planned.action)
        same = [one for one in real if one.action == planned.action]
        assert asking and all(one.digest == planned.digest != "" for one in asking)
        assert all(one.state == "open" and one.streak >= limit.after_windows for one in asking)
        assert all(one.state != "planned" for one in same)
        assert all(NOW - one.planned >= 24 * HOUR for one in same if one.state == "done")
        assert sum(NOW - one.planned < 24 * HOUR for one in same) < limit.maximum_per_day
        if planned.action == "rollback":
            assert not any(one.state == "done" and one.digest == planned.digest for one in same)
            assert any(one.labelled and one.digest == planned.digest for one in alerts)
    asked = [(one, action) for one in alerts if one.rule != "other" for action in ACTIONS]
    said = [(name, one.action) for one in (*found.planned, *found.withheld) for name in one.alerts]
    assert sorted(said) == sorted((one.id, action) for one, action in asked)
