"""Commands about alerts: which are open, what was done about them, who takes care of one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nli_lifecycle.commands.options import changing, done, located, reason, say
from nli_lifecycle.commands.places import Place, PlaceError, load_configuration, only

if TYPE_CHECKING:
    from nli_lifecycle.monitoring.alerting.eventlog import EventLog
    from nli_lifecycle.monitoring.alerting.watch import AlertingParameters


@click.command()
@click.option("--all", "everything", is_flag=True, help="resolved alerts, and all actions, too")
@located
def alerts(places: list[Place], everything: bool, as_json: bool) -> None:
    """Unresolved alerts, and what was done about them."""
    from nli_lifecycle.commands.alert_tables import print_alerts

    found = {place.environment: _look(place, everything) for place in places}
    if as_json:
        say(found if len(places) > 1 else next(iter(found.values())))
        return
    for environment, one in found.items():
        print_alerts(environment, one)


@click.command()
@click.argument("alert")
@reason(required=True)
@changing
@located
def acknowledge(places: list[Place], alert: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Take care of an alert: it is repeated no more, and asks for no action."""
    from nli_lifecycle.lifecycle.registry.identity import acting
    from nli_lifecycle.monitoring.alerting import alerts as alerting
    from nli_lifecycle.monitoring.alerting.events import AlertEvent
    from nli_lifecycle.monitoring.alerting.state import State

    place = only(places)
    log, parameters = _monitored(place)
    by = acting(place.tracking_uri or "")

    def decide(state: State) -> list[AlertEvent]:
        now, to = datetime.now(timezone.utc), parameters.addressees()
        return alerting.acknowledge(state, alert, by, now, to, reason)

    events = decide(log.read().state)  # an unknown alert must not make a log
    if events and not dry_run:
        log.change(decide)
    said = f"{alert} was acknowledged before."
    if events:
        verb = "would be" if dry_run else "is"
        said = f"{alert} {verb} acknowledged by {by}; channels are told in the next round."
    done(as_json, dry_run, said, alert=alert, by=by)


def _look(place: Place, everything: bool) -> dict[str, Any]:
    """Plain values: ``alerts``, ``actions``, and what the next round would do, as of now."""
    from nli_lifecycle.monitoring.alerting.actions import plan

    log, parameters = _monitored(place)
    reading = log.read()
    state, unresolved = reading.state, reading.state.unresolved()
    shown = list(state.alerts.values()) if everything else unresolved
    names = {alert.id for alert in unresolved}
    actions = [
        action
        for action in state.actions.values()
        if everything or action.state == "planned" or names & set(action.alerts)
    ]
    now = datetime.now(timezone.utc)
    ahead = plan(parameters.actions, unresolved, list(state.actions.values()), now)
    return {
        "alerts": [alert.model_dump(mode="json") for alert in shown],
        "actions": [action.model_dump(mode="json") for action in actions],
        "next": [action.model_dump(mode="json") for action in ahead.planned],
        "withheld": [one.model_dump(mode="json") for one in ahead.withheld],
        "owed": [{"event": event.id, "channel": channel} for event, channel in state.owed()],
    }


def _monitored(place: Place) -> tuple[EventLog, AlertingParameters]:
    """The event log and the parameters of alerting, as the environment's configuration has them.

    Raises:
        PlaceError: there is no configuration, none of monitoring, or one that is not valid.
    """
    from pydantic import ValidationError

    from nli_lifecycle.monitoring.alerting.eventlog import EventLog
    from nli_lifecycle.monitoring.alerting.watch import AlertingParameters

    if not place.conf_source:
        raise PlaceError(
            "Alerts are kept beside an environment's data: name the environment with --env, in a "
            "project or with --conf-source <folder or archive>."
        )
    loader = load_configuration(place.conf_source, place.environment)
    try:
        path = loader["catalog"]["alert_events"]["filepath"]
        given = loader["parameters"]["monitoring"]["alerting"]
    except KeyError as error:
        raise PlaceError(
            f"{place.environment} is not monitored: its configuration has no {error}. See "
            "docs/alerts.md."
        ) from None
    try:
        return EventLog(Path(path)), AlertingParameters.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, ("monitoring", "alerting", *first["loc"])))
        raise PlaceError(
            f"The parameters of {place.environment} are not valid: {where}: {first['msg']}."
        ) from None
