"""`kedro lifecycle …` and, in the wheel, `nli-lifecycle …`: look at releases and change them."""

from __future__ import annotations

import click

from nli_lifecycle.commands import alerting, changing, jobs, looking
from nli_lifecycle.commands.endpoint import endpoint
from nli_lifecycle.commands.replay.command import replay
from nli_lifecycle.commands.review import review


@click.group(name="lifecycle")
def lifecycle() -> None:
    """Releases: look at them, approve, roll back, repair; alerts about them."""


for command in (
    looking.status,
    looking.history,
    looking.verify,
    looking.diff,
    looking.doctor,
    alerting.alerts,
    replay,
    review,
    changing.approve,
    changing.reject,
    changing.rollback,
    changing.freeze,
    changing.unfreeze,
    changing.reconcile,
    changing.prune,
    changing.advance,
    alerting.acknowledge,
    jobs.conclude,
    jobs.admit,
    endpoint,
):
    lifecycle.add_command(command)
