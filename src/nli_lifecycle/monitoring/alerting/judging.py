"""Judging: rules and the history of findings give a verdict per rule and window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from nli_lifecycle.monitoring.alerting.breaches import Breach, look
from nli_lifecycle.monitoring.alerting.rules import DeadManRule, FindingRule, Rule
from nli_lifecycle.monitoring.alerting.silence import silence
from nli_lifecycle.monitoring.alerting.verdicts import Outcome, Verdict, of_window, unjudged, utc
from nli_lifecycle.monitoring.findings import WindowFindings


def judge(
    rules: Sequence[Rule],
    history: Sequence[WindowFindings],
    now: datetime,
    *,
    after: Mapping[str, int] | None = None,
    last_row: datetime | None = None,
    watching_since: datetime | None = None,
) -> tuple[Verdict, ...]:
    """Judge the model that answers now: the one of the highest epoch.

    Args:
        rules: any, with different names.
        history: windows of one registered model, in any order, of any versions; of the same window
            twice, the last counts.
        now: with a zone.
        after: rule → number of arrival up to which it was judged: verdicts are given for every
            window that ends later. A rule that is not named: for its latest window, or where
            figures come late, for the latest that is not pending.
        last_row: time of the newest row that the log has, where windows do not show it yet.
        watching_since: from when rows are expected, while there has never been one.

    Returns:
        Verdicts by window, then by rule. No windows at all is "insufficient", or a silence.

    Raises:
        ValueError: ``now`` has no zone, or two rules have one name.
    """
    if now.tzinfo is None:
        raise ValueError("'now' says no time zone: give datetime.now(timezone.utc).")
    names = [rule.name for rule in rules]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"Two rules are called {', '.join(twice)}: an alert goes by its name.")
    windows = _of_current_model(history)
    rows = [utc(window.end) for window in history] + ([utc(last_row)] if last_row else [])
    newest = max(rows, default=None)
    verdicts: list[Verdict] = []
    for rule in rules:
        if windows:
            verdicts += _fresh(_by_window(rule, windows), (after or {}).get(rule.name))
        elif not isinstance(rule, DeadManRule):
            verdicts.append(unjudged(rule, now, "no window was measured yet"))
        if isinstance(rule, DeadManRule):
            latest = windows[-1] if windows else None
            verdicts += silence(rule, latest, now, newest, watching_since)
    return tuple(sorted(verdicts, key=lambda one: (one.arrival, one.at, names.index(one.rule))))


def current(history: Sequence[WindowFindings]) -> WindowFindings | None:
    """The latest window of the model that answers now; None: nothing was measured yet."""
    return max(history, key=_age, default=None)


def _age(window: WindowFindings) -> tuple[int, int]:
    return window.epoch, window.last_arrival


def _of_current_model(history: Sequence[WindowFindings]) -> list[WindowFindings]:
    """Windows since that model answers: after a rollback, not those of its first time."""
    latest = current(history)
    if latest is None:
        return []
    others = [_age(window) for window in history if window.digest != latest.digest]
    own = {
        _age(window): window
        for window in history
        if window.digest == latest.digest and (not others or _age(window) > max(others))
    }
    return [own[age] for age in sorted(own)]


def _fresh(verdicts: Sequence[Verdict], after: int | None) -> Sequence[Verdict]:
    if after is not None:
        return [one for one in verdicts if one.arrival > after]
    settled = [place for place, one in enumerate(verdicts) if not one.pending]
    return [verdicts[settled[-1] if settled else -1]]


def _by_window(rule: Rule, windows: Sequence[WindowFindings]) -> list[Verdict]:
    """A verdict for each window, from the n of m that end with it."""
    breaches = [look(rule, windows[: place + 1]) for place in range(len(windows))]
    known = [place for place, one in enumerate(breaches) if one.state != "unknown"]
    late = rule.late_windows if isinstance(rule, FindingRule) else 0
    awaited = max(len(windows) - late, known[-1] + 1 if known else 0)
    verdicts: list[Verdict] = []
    since: datetime | None = None
    for place, window in enumerate(windows):
        recent = range(max(0, place + 1 - rule.n_of_m.m), place + 1)
        outcome, count = _outcome(rule, [breaches[one] for one in recent])
        breached = [one for one in recent if breaches[one].state == "breached"]
        shown = breaches[place]
        if outcome != "firing":
            since = None
        else:
            since = since or min(utc(windows[one].begin) for one in breached)
            shown = breaches[breached[-1]]
        pending = place >= awaited
        verdicts.append(of_window(rule, outcome, window, shown, count, since, pending=pending))
    return verdicts


def _outcome(rule: Rule, recent: Sequence[Breach]) -> tuple[Outcome, int]:
    """Quiet only where no unknown window, nor one before the first, could make it firing."""
    states = [one.state for one in recent]
    count = states.count("breached")
    unknown = rule.n_of_m.m - count - states.count("clear")
    if states[-1] == "unknown":
        return "insufficient", count
    if count >= rule.n_of_m.n:
        return "firing", count
    return ("insufficient" if count + unknown >= rule.n_of_m.n else "quiet"), count
