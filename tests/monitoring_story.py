"""A made-up report of monitoring: a release, a drop, an alert, freeze, rollback and recovery."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from math import sqrt

from nli_lifecycle.monitoring.alerting.state import Action, Alert
from nli_lifecycle.monitoring.findings import Finding, State, WindowFindings
from nli_lifecycle.monitoring.report import (
    Account,
    MonitoringReport,
    ReleaseMark,
    SliceQuality,
    WindowShown,
)

MODEL = "prod.nli.classifier"
DIGESTS = {"3": "3a" * 32, "4": "4b" * 32}
EVIDENCE = {"3": 0.884, "4": 0.897}
START = datetime(2026, 11, 2, 6, 0, tzinfo=timezone.utc)
STEP = timedelta(hours=6)
RELEASED, DROPPED, FROZEN, BACK = 14, 22, 26, 28  # windows of the story
FEATURES = ("confidence", "premise_words", "hypothesis_words", "overlap", "unknown_share")


def story(windows: int = 40) -> MonitoringReport:
    """Everything at once; the same each time."""
    return MonitoringReport(
        environment="prod",
        model=MODEL,
        made=moment(windows) + timedelta(minutes=7),
        watermark=500 * windows + 212,
        account=Account(
            rows=500 * windows + 230,
            in_windows=500 * windows,
            waiting=212,
            shadows=15,
            repeated=3,
            damaged=6,
            words=9_731,
            labelled=9_402,
            disputed=41,
            damaged_words=2,
            without_prediction=7,
        ),
        windows=tuple(shown(number) for number in range(windows)),
        slices=SLICES,
        releases=RELEASES,
        alerts=ALERTS,
        actions=ACTIONS,
        notes=("The webhook operations has not answered since 14:02: 2 messages wait for it.",),
    )


def quiet(windows: Iterable[WindowShown] = (), **changed: object) -> MonitoringReport:
    """A report of these windows and nothing else."""
    fields = {"environment": "prod", "model": MODEL, "made": moment(1), "watermark": 0}
    return MonitoringReport.model_validate({**fields, "windows": tuple(windows), **changed})


def moment(window: float) -> datetime:
    """When a window begins."""
    return START + STEP * window


def shown(number: int, version: str | None = None, states: State | None = None) -> WindowShown:
    """A window of the story.

    Args:
        number: its place in the story.
        version: of another model than the story's.
        states: of both accuracies, where they are not what the story says.
    """
    draw = random.Random(number)
    version = version or ("4" if RELEASED <= number < BACK else "3")
    fallen = 0.075 if DROPPED <= number < BACK else 0.0
    pairs = 460 if number == 31 else 500
    realised = noisy(draw, EVIDENCE[version] - fallen, 320)
    estimated = noisy(draw, EVIDENCE[version] - 0.004 - 0.5 * fallen, 1_500)
    late = number >= 37
    why = "18 of 400 expected labels are in: wait, or ask for labels of the review queue."
    doubt = "The calibration on 612 recent labels is off by 4.1 points: fit a new temperature."
    findings = (
        Finding(name="requests", state="measured", value=float(pairs), pairs=pairs),
        Finding(
            name="damaged_rows",
            state="measured",
            value=0.012 if number == 31 else 0.0,
            reference=0.0,
            pairs=pairs,
        ),
        accuracy("estimated_accuracy", estimated, 0.014, EVIDENCE[version], pairs)
        if states is None and not 24 <= number < BACK
        else gap("estimated_accuracy", states or "refused", EVIDENCE[version], pairs, doubt),
        Finding(
            name="label_mix",
            state="measured",
            value=0.02,
            effect=0.06 + (0.3 if fallen else 0.0) + draw.random() / 30,
            p_value=0.0004 if fallen else 0.4,
            pairs=pairs,
        ),
        *(
            Finding(
                name=name,
                state="measured",
                value=0.05,
                effect=0.02 + (0.16 * at if fallen else 0.0) + draw.random() / 30,
                p_value=0.001 if fallen and at > 0 else 0.6,
                pairs=pairs,
            )
            if not (name == "unknown_share" and number < 6)
            else Finding(name=name, state="missing", pairs=pairs, why="No row says it.")
            for at, name in enumerate(FEATURES)
        ),
        accuracy("realised_accuracy", realised, 0.033, EVIDENCE[version], 320)
        if states is None and not late and number not in (5, 17)
        else gap("realised_accuracy", states or "insufficient", EVIDENCE[version], 18, why),
    )
    # Traffic has its day and its night.
    lasts = timedelta(minutes=90 + 200 * (number % 4 == 0) + 20 * draw.random())
    return WindowShown(
        found=WindowFindings(
            window=number,
            model=MODEL,
            version=version,
            digest=DIGESTS[version],
            epoch={"3": 5, "4": 6}[version] + (3 if number >= BACK else 0),
            begin=moment(number),
            end=moment(number) + lasts,
            first_arrival=500 * number,
            last_arrival=500 * number + 499,
            pairs=pairs,
            findings=findings,
        ),
        alarms=("fallen",) if DROPPED < number < BACK else (),
        run_id=f"{number:032x}",
    )


def with_finding(name: str, **changed: object) -> WindowShown:
    """A window whose finding of that name is otherwise."""
    window = shown(0)
    findings = tuple(
        found.model_copy(update=changed) if found.name == name else found
        for found in window.found.findings
    )
    return window.model_copy(
        update={"found": window.found.model_copy(update={"findings": findings})}
    )


def noisy(draw: random.Random, share: float, pairs: int) -> float:
    """A share as so many pairs would show it."""
    return share + draw.gauss(0, sqrt(share * (1 - share) / pairs))


def accuracy(name: str, value: float, half: float, reference: float, pairs: int) -> Finding:
    """A measured accuracy."""
    return Finding(
        name=name,
        state="measured",
        value=value,
        low=value - half,
        high=min(1.0, value + half),
        reference=reference,
        pairs=pairs,
    )


def gap(name: str, state: State, reference: float, pairs: int, why: str) -> Finding:
    """An accuracy that there is none of."""
    return Finding(name=name, state=state, reference=reference, pairs=pairs, why=why)


SLICES = (
    SliceQuality(name="negation", pairs=412, value=0.801, low=0.760, high=0.837),
    SliceQuality(name="genre: fiction", pairs=1_240, value=0.871, low=0.851, high=0.889),
    SliceQuality(name="long premise", pairs=640, value=0.849, low=0.819, high=0.875),
    SliceQuality(name="number words", pairs=31, value=None),
)
RELEASES = (
    ReleaseMark(
        epoch=5,
        kind="promote",
        version="3",
        digest=DIGESTS["3"],
        time=moment(-3),
        by="promotion",
        reason="Passed every rule.",
    ),
    ReleaseMark(
        epoch=6,
        kind="promote",
        version="4",
        digest=DIGESTS["4"],
        time=moment(RELEASED),
        by="promotion",
        reason="Passed every rule.",
    ),
    ReleaseMark(
        epoch=7,
        kind="freeze",
        version="4",
        digest=DIGESTS["4"],
        time=moment(FROZEN),
        by="monitoring",
        reason="realised_accuracy_fell [action a1]",
    ),
    ReleaseMark(
        epoch=8,
        kind="rollback",
        version="3",
        digest=DIGESTS["3"],
        time=moment(BACK),
        by="monitoring",
        reason="realised_accuracy_fell [action a2]",
    ),
)


def alert(**changed: object) -> Alert:
    """An alert of the story, resolved by the rollback."""
    fields = {
        "id": "realised_accuracy_fell-4b4b4b-1",
        "rule": "realised_accuracy_fell",
        "model": MODEL,
        "version": "4",
        "digest": DIGESTS["4"],
        "state": "resolved",
        "severity": "critical",
        "labelled": True,
        "opened": moment(25),
        "at": moment(27),
        "arrival": 13_999,
        "window": 27,
        "seen": moment(28),
        "told": moment(25),
        "times": 5,
        "streak": 0,
        "quiet": 3,
        "sentence": f"{MODEL} version 4: realised accuracy 81.9% (at most 85.2%) is more than 1.5 "
        "points below the release's 89.7%; in window 27, since 2026-11-07 18:00 UTC. Look at the "
        "worst slices in the monitoring report; roll back if the traffic is what it was.",
        "by": "another model answers",
    }
    return Alert.model_validate({**fields, **changed})


ALERTS = (
    alert(),
    alert(
        id="nothing_logged--1",
        rule="nothing_logged",
        version="3",
        digest=DIGESTS["3"],
        state="acknowledged",
        severity="info",
        labelled=False,
        opened=moment(33),
        at=moment(34),
        seen=moment(34),
        sentence=f"{MODEL} version 3: 8 pairs per hour, fewer than 10; in window 33. Look at the "
        "service's /ready, and at its journal.",
        by="Ada",
    ),
    alert(
        id="label_mix_moved-3a3a3a-1",
        rule="label_mix_moved",
        version="3",
        digest=DIGESTS["3"],
        state="open",
        severity="warning",
        labelled=False,
        opened=moment(36),
        window=39,
        at=moment(39),
        seen=moment(39),
        told=moment(36),
        quiet=0,
        streak=4,
        sentence=f"{MODEL} version 3: label mix has moved: Cohen's w 0.24, p = 0.0003; in 2 of the "
        "3 windows up to 39, since 2026-11-11 06:00 UTC. Ask who calls the service what has "
        "changed.",
        by="",
    ),
)


def action(**changed: object) -> Action:
    """An action of the story."""
    fields = {
        "id": "a1",
        "action": "freeze",
        "state": "done",
        "model": MODEL,
        "version": "4",
        "digest": DIGESTS["4"],
        "alerts": ("realised_accuracy_fell-4b4b4b-1",),
        "reason": "realised_accuracy_fell: 81.9% is below 89.7% − 1.5.",
        "dry_run": False,
        "planned": moment(FROZEN),
        "outcome": "Promotions are frozen.",
    }
    return Action.model_validate({**fields, **changed})


ACTIONS = (
    action(),
    action(id="a2", action="rollback", planned=moment(BACK), outcome="Version 3 is champion."),
    action(
        id="a3", action="retrain", state="planned", dry_run=True, planned=moment(38), outcome=""
    ),
    action(
        id="a4",
        action="freeze",
        state="failed",
        planned=moment(39),
        outcome="The registry cannot be reached.",
    ),
)
