"""An event log in which an alert fires, and a round that takes the actions it asks for."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from nli_lifecycle.monitoring.alerting.acting import Acted, Effects, act
from nli_lifecycle.monitoring.alerting.actions import ActionPolicy, Limit
from nli_lifecycle.monitoring.alerting.alerts import Noise, react
from nli_lifecycle.monitoring.alerting.eventlog import EventLog
from nli_lifecycle.monitoring.alerting.state import State
from nli_lifecycle.monitoring.alerting.verdicts import Verdict

NOW = datetime(2026, 3, 5, tzinfo=timezone.utc)
RULE = "accuracy_fell"
_LIMIT = Limit(after_windows=1, maximum_per_day=3)


def alarm(path: Path, digest: str, window: int = 0) -> None:
    """Let the alert fire about these bytes."""
    verdict = Verdict(
        rule=RULE,
        state="firing",
        severity="critical",
        model="prod.nli.classifier",
        version="2",
        digest=digest,
        window=window,
        arrival=500 * (window + 1),
        at=NOW,
        labelled=True,
        sentence="Accuracy is 70%, the whole interval below the 84% of the release.",
    )
    EventLog(path).change(
        lambda state: react(state, [verdict], NOW, noise=Noise(), to={"ops": "info"})
    )


def answer(path: Path, effects: Effects, *actions: str) -> Acted:
    """Take the actions that the alert asks for."""
    policy = ActionPolicy(
        dry_run=False,
        asked_by={RULE: actions},
        **{name: _LIMIT for name in ("freeze", "rollback", "retrain")},
    )
    return act(EventLog(path), policy, effects, lambda: NOW, ("ops",))


def state(path: Path) -> State:
    """What the log adds up to."""
    return EventLog(path).read().state


def outcomes(path: Path) -> list[tuple[str, str]]:
    """Actions and what became of them, oldest first."""
    return [(one.action, one.state) for one in state(path).actions.values()]
