"""Judging: what is not known is never quiet."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import pytest
from alerting_windows import DIGEST, HOUR, START, finding, unknown, values, window
from hypothesis import given
from hypothesis import strategies as st

from nli_lifecycle.monitoring.alerting.judging import judge
from nli_lifecycle.monitoring.alerting.rules import (
    AbsoluteRule,
    DeadManRule,
    DriftRule,
    OutOf,
    RelativeRule,
    TrendRule,
)

NOW = START + 100 * HOUR
SAID = {"name": "fell", "finding": "realised_accuracy", "sentence": "Look at the slices."}
BELOW = AbsoluteRule(**SAID, below=0.85)
DEAD = DeadManRule(name="dead", sentence="Look at the service.", silent_minutes=90)


def one(rule, history, now=NOW, **more):
    """The only verdict."""
    (verdict,) = judge([rule], history, now, **more)
    return verdict


def states(rule, history, after=0):
    return [v.state for v in judge([rule], history, NOW, after={rule.name: after})]


# What is not known


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        judge([BELOW], [], datetime(2026, 3, 1))


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(ValueError, match="called fell"):
        judge([BELOW, BELOW], [], NOW)


def test_no_window_at_all_is_insufficient():
    verdict = one(BELOW, [])
    assert (verdict.state, verdict.window, verdict.digest) == ("insufficient", -1, "")
    assert "no window was measured yet" in verdict.sentence


@pytest.mark.parametrize("state", ["insufficient", "refused", "missing"])
def test_a_finding_that_was_not_measured_is_insufficient_and_says_why(state):
    verdict = one(BELOW, [window(0, unknown(state=state))])
    assert verdict.state == "insufficient"
    assert f"realised accuracy is {state}: only 3 labels; wait for more" in verdict.sentence


def test_a_finding_that_nobody_measures_is_insufficient_and_names_what_there_is():
    verdict = one(BELOW, [window(0, finding("label_mix", 0.1))])
    assert verdict.state == "insufficient"
    assert "realised accuracy was not measured; found: label_mix" in verdict.sentence


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"pairs": 99}, "rests on 99 pairs; the rule asks for 100"),
        ({"value": None}, "has no value"),
        ({"value": math.nan}, "has no value"),
        ({"value": 0.5, "low": None, "high": None}, "has no interval"),
    ],
)
def test_a_finding_that_does_not_carry_the_rule_is_insufficient(facts, said):
    verdict = one(BELOW, [window(0, finding(**facts))])
    assert verdict.state == "insufficient" and said in verdict.sentence


@pytest.mark.parametrize(
    ("rule", "facts", "said"),
    [
        (RelativeRule(**SAID, points=3), {"value": 0.5}, "no reference"),
        (DriftRule(**SAID, effect=0.1), {"value": 0.5, "effect": 0.9}, "no p-value"),
        (DriftRule(**SAID, effect=0.1), {"value": 0.5, "p_value": 0.0}, "no effect"),
    ],
)
def test_what_a_rule_compares_with_must_be_there(rule, facts, said):
    verdict = one(rule, [window(0, finding(**facts))])
    assert verdict.state == "insufficient" and said in verdict.sentence


def test_windows_that_are_not_there_yet_may_be_in_breach():
    rule = AbsoluteRule(**SAID, below=0.85, n_of_m=OutOf(n=1, m=3))
    assert states(rule, values(0.9, 0.9, 0.9)) == ["insufficient", "insufficient", "quiet"]


@given(
    st.lists(st.sampled_from([0.9, 0.5, None]), min_size=1, max_size=8),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_quiet_means_that_no_unknown_window_could_make_it_fire(accuracies, n, m):
    n, m = min(n, m), max(n, m)
    rule = AbsoluteRule(**SAID, below=0.85, n_of_m=OutOf(n=n, m=m))
    found = states(rule, values(*accuracies))
    worst = [0.5] * m + [value or 0.5 for value in accuracies]
    for place, state in enumerate(found):
        at_worst = worst[place + 1 : place + 1 + m].count(0.5)
        known = accuracies[max(0, place + 1 - m) : place + 1].count(0.5)
        if state == "quiet":
            assert at_worst < n and accuracies[place] is not None
        elif state == "firing":
            assert known >= n and accuracies[place] is not None
        else:
            assert accuracies[place] is None or known < n <= at_worst


# What is known


@pytest.mark.parametrize(
    ("end", "value", "expected"),
    [
        ("near", 0.82, "firing"),  # 0.80 to 0.84
        ("near", 0.84, "quiet"),  # 0.82 to 0.86
        ("value", 0.84, "firing"),
        ("value", 0.86, "quiet"),
        ("far", 0.86, "firing"),  # 0.84 to 0.88
        ("far", 0.88, "quiet"),
    ],
)
def test_a_lower_bound_is_compared_with_the_end_that_the_rule_says(end, value, expected):
    history = [window(0, finding(value=value))]
    assert one(AbsoluteRule(**SAID, below=0.85, end=end), history).state == expected
    mirrored = [window(0, finding(value=1 - value))]
    assert one(AbsoluteRule(**SAID, above=0.15, end=end), mirrored).state == expected


def test_the_bound_itself_is_no_breach():
    history = [window(0, finding(value=0.85))]
    assert one(AbsoluteRule(**SAID, below=0.85, end="value"), history).state == "quiet"


def test_the_sentence_says_what_by_how_much_since_when_and_what_to_do():
    rule = AbsoluteRule(**SAID, below=0.85, n_of_m=OutOf(n=2, m=3))
    verdict = one(rule, values(0.9, 0.8, 0.9, 0.79))
    assert verdict.sentence == (
        "nli version 3: realised accuracy is 0.79 (0.77 to 0.81 on 500 pairs), below 0.85; "
        "in 2 of the 3 windows up to 3, since 2026-03-01 13:00 UTC. Look at the slices."
    )
    assert (verdict.value, verdict.bound, verdict.labelled) == (0.79, 0.85, True)
    assert verdict.since == START + HOUR


def test_since_stays_while_it_fires():
    rule = AbsoluteRule(**SAID, below=0.85, n_of_m=OutOf(n=1, m=2))
    verdicts = judge([rule], values(0.9, 0.8, 0.8, 0.8, 0.9, 0.9), NOW, after={"fell": 0})
    assert [v.since and (v.since - START) / HOUR for v in verdicts] == [None, 1, 1, 1, 1, None]


@pytest.mark.parametrize(
    ("value", "direction", "end", "expected"),
    [
        (0.84, "drop", "near", "firing"),  # 0.90 − 0.86 = 4 points at least
        (0.86, "drop", "near", "quiet"),  # 2 points at least
        (0.86, "drop", "value", "firing"),
        (0.96, "rise", "near", "firing"),
        (0.94, "rise", "near", "quiet"),
        (0.96, "drop", "far", "quiet"),
    ],
)
def test_a_drop_is_counted_from_the_reference(value, direction, end, expected):
    rule = RelativeRule(**SAID, points=3, direction=direction, end=end)
    verdict = one(rule, [window(0, finding(value=value, reference=0.9))])
    assert verdict.state == expected


@pytest.mark.parametrize(
    ("direction", "end", "value", "state"),
    [
        ("drop", "near", 0.84, "quiet"),  # 0.06 less, ± 0.036 to either side of 0.03
        ("drop", "near", 0.83, "firing"),
        ("drop", "value", 0.86, "firing"),
        ("drop", "far", 0.90, "firing"),
        ("rise", "near", 0.96, "quiet"),
        ("rise", "near", 0.97, "firing"),
    ],
)
def test_a_relative_rule_counts_the_references_own_error(direction, end, value, state):
    rule = RelativeRule(**SAID, points=3, direction=direction, end=end)
    facts = {"reference": 0.9, "reference_low": 0.87, "reference_high": 0.93}
    assert one(rule, [window(0, finding(value=value, **facts))]).state == state


def test_a_relative_sentence_tells_the_references_interval():
    facts = {"reference": 0.9, "reference_low": 0.87, "reference_high": 0.93}
    verdict = one(RelativeRule(**SAID, points=3), [window(0, finding(value=0.8, **facts))])
    assert "reference of 0.9 (0.87 to 0.93), where a drop of 3" in verdict.sentence


def test_a_relative_sentence_gives_points():
    verdict = one(RelativeRule(**SAID, points=3), [window(0, finding(value=0.84, reference=0.9))])
    assert "6.0 points below the reference of 0.9, where a drop of 3 is allowed" in verdict.sentence


@pytest.mark.parametrize(
    ("end", "value", "said"),
    [
        ("near", 0.84, "not shown to be below 0.85"),
        ("near", 0.82, ", below 0.85"),
        ("value", 0.86, ", not below 0.85"),
        ("far", 0.86, "possibly below 0.85"),
        ("far", 0.9, "surely not below 0.85"),
    ],
)
def test_a_sentence_claims_no_more_than_the_interval(end, value, said):
    rule = AbsoluteRule(**SAID, below=0.85, end=end)
    assert said in one(rule, [window(0, finding(value=value))]).sentence


def test_what_a_finding_says_of_itself_is_passed_on():
    rule = AbsoluteRule(**SAID, above=0, end="value", minimum_pairs=0)
    seen = finding(value=4, pairs=4, why="The first is request r1.")
    assert (
        ", above 0 (The first is request r1); in window 0," in one(rule, [window(0, seen)]).sentence
    )


def test_drift_needs_an_effect_and_a_small_p_value():
    def state(effect, p_value):
        rule = DriftRule(**SAID, effect=0.2, p_below=0.01)
        return one(rule, [window(0, finding(value=None, effect=effect, p_value=p_value))]).state

    assert (state(0.2, 0.009), state(0.19, 0.0), state(0.9, 0.01)) == ("firing", "quiet", "quiet")


def test_a_trend_needs_its_windows():
    rule = TrendRule(**SAID, windows=8)
    falling = [0.9 - 0.01 * step for step in range(8)]
    assert states(rule, values(*falling))[:5] == ["insufficient"] * 5
    assert states(rule, values(*falling))[5:] == ["firing"] * 3
    gaps = [*falling[:2], None, None, None, *falling[5:]]
    assert states(rule, values(*gaps))[-1] == "insufficient"


@pytest.mark.parametrize(
    ("steps", "direction", "slope", "expected"),
    [
        ((0, 1, 2, 3, 4, 5, 6, 7), "falling", 0, "firing"),
        ((0, 1, 2, 3, 4, 5, 6, 7), "falling", 0.02, "quiet"),  # too flat to matter
        ((0, 1, 2, 3, 4, 5, 6, 7), "rising", 0, "quiet"),
        ((7, 6, 5, 4, 3, 2, 1, 0), "rising", 0, "firing"),
        ((0, 3, 1, 2, 0, 3, 1, 2), "falling", 0, "quiet"),  # noise
        ((1, 1, 1, 1, 1, 1, 1, 1), "falling", 0, "quiet"),
    ],
)
def test_a_trend_is_a_slope_that_noise_does_not_explain(steps, direction, slope, expected):
    rule = TrendRule(**SAID, windows=8, direction=direction, slope=slope)
    assert one(rule, values(*[0.9 - 0.01 * step for step in steps])).state == expected


# Which windows are judged


def test_windows_may_come_in_any_order_and_twice():
    history = values(0.9, 0.8, 0.9)
    ordered = judge([BELOW], history, NOW, after={"fell": 0})
    assert judge([BELOW], [*reversed(history), history[0]], NOW, after={"fell": 0}) == ordered


def test_only_windows_after_the_mark_are_judged_and_without_one_the_latest():
    history = values(0.9, 0.8, 0.7)
    marked = judge([BELOW], history, NOW, after={"fell": history[0].last_arrival})
    assert [v.window for v in marked] == [1, 2]
    assert [v.window for v in judge([BELOW], history, NOW, after={"other": 0})] == [2]
    assert judge([BELOW], history, NOW, after={"fell": history[2].last_arrival}) == ()


def test_the_model_of_the_highest_epoch_is_judged():
    old = [window(number, finding(value=0.5), digest="old", epoch=6) for number in (0, 1, 3)]
    new = window(2, finding(value=0.9), epoch=7)
    verdict = one(BELOW, [*old, new])
    assert (verdict.digest, verdict.state, verdict.window) == (DIGEST, "quiet", 2)


def test_after_a_rollback_the_windows_of_the_first_time_do_not_count():
    first = [window(number, finding(value=0.5), epoch=5) for number in (0, 1)]
    between = window(2, finding(value=0.9), digest="other", epoch=6)
    again = window(3, finding(value=0.5), epoch=7)
    rule = AbsoluteRule(**SAID, below=0.85, n_of_m=OutOf(n=2, m=2))
    assert one(rule, [*first, between, again]).state == "insufficient"
    assert one(rule, [*first, again]).state == "firing"


def test_labels_that_come_late_are_awaited_and_then_their_absence_counts():
    rule = AbsoluteRule(**SAID, below=0.85, late_windows=2)
    history = values(0.8, None, None)
    awaited = judge([rule], history, NOW, after={"fell": 0})
    assert [(v.state, v.pending) for v in awaited] == [
        ("firing", False),
        ("insufficient", True),
        ("insufficient", True),
    ]
    assert one(rule, history).window == 0  # the latest that has its labels
    gone = judge([rule], values(0.8, None, None, None), NOW, after={"fell": 0})
    assert [v.pending for v in gone] == [False, False, True, True]
    passed = judge([rule], values(0.8, None, 0.8), NOW, after={"fell": 0})
    assert [(v.state, v.pending) for v in passed][1] == ("insufficient", False)


def test_all_windows_pending_is_insufficient():
    rule = AbsoluteRule(**SAID, below=0.85, late_windows=5)
    assert (one(rule, values(None, None)).state, one(rule, values(None)).pending) == (
        "insufficient",
        True,
    )


# Silence


@pytest.mark.parametrize(
    ("minutes", "expected"), [(30, ["quiet"]), (90, ["quiet"]), (91, ["quiet", "firing"])]
)
def test_silence_is_counted_from_the_newest_row(minutes, expected):
    now = START + HOUR + timedelta(minutes=minutes)
    assert [v.state for v in judge([DEAD], values(0.9), now)] == expected


def test_a_silence_says_for_how_long_and_since_when():
    _, verdict = judge([DEAD], values(0.9), START + 4 * HOUR)
    assert verdict.sentence == (
        "nli version 3: no row for 180 minutes, where 90 are allowed; since 2026-03-01 13:00 UTC. "
        "Look at the service."
    )
    assert (verdict.at, verdict.since, verdict.digest) == (START + 4 * HOUR, START + HOUR, DIGEST)


def test_rows_that_no_window_shows_yet_end_a_silence():
    now = START + 4 * HOUR
    assert [v.state for v in judge([DEAD], values(0.9), now, last_row=now)] == ["quiet"]


def test_rows_of_another_model_are_no_silence():
    old = window(5, finding(), digest="old", epoch=6)
    verdicts = judge([DEAD], [window(0, finding()), old], START + 6 * HOUR)
    assert [v.state for v in verdicts] == ["quiet"]


def test_no_row_ever_is_insufficient_unless_rows_are_expected():
    assert one(DEAD, []).state == "insufficient"
    silent = one(DEAD, [], watching_since=NOW - 2 * HOUR)
    assert (silent.state, silent.digest, silent.value) == ("firing", "", 120)
    assert one(DEAD, [], watching_since=NOW - HOUR).state == "insufficient"
    assert one(DEAD, [], last_row=NOW - HOUR).state == "insufficient"


def test_a_row_from_the_future_says_nothing_about_silence():
    verdicts = judge([DEAD], values(0.9), START + HOUR - timedelta(minutes=6))
    assert "insufficient" in [v.state for v in verdicts]
    assert any("set the clocks" in v.sentence for v in verdicts)
    within = judge([DEAD], values(0.9), START + HOUR - timedelta(minutes=4))
    assert [v.state for v in within] == ["quiet"]


@pytest.mark.parametrize(
    ("pairs", "minutes", "expected"),
    [
        (500, 60, "quiet"),
        (99, 60, "firing"),
        (99, 30, "quiet"),
        (9, 60, "insufficient"),
        (500, 0, "insufficient"),  # a rate needs time
    ],
)
def test_too_few_pairs_per_hour(pairs, minutes, expected):
    rule = DeadManRule(name="dead", sentence="Look.", fewer_per_hour=100, minimum_pairs=10)
    seen = window(0, finding(), pairs=pairs, end=START + timedelta(minutes=minutes))
    assert one(rule, [seen]).state == expected


def test_times_without_a_zone_are_the_logs_utc():
    naive = window(0, finding(), end=(START + HOUR).replace(tzinfo=None))
    assert one(BELOW, [naive]).at == START + HOUR
