"""Bring a serving endpoint in line with the ledger's head: desired against actual.

Nothing is remembered between calls: both sides are read each time, so that a call may be cut off
anywhere and made again. The ledger is read again after every wait, because it may have moved on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from nli_lifecycle.endpoint.state import Endpoint, EndpointState, desired
from nli_lifecycle.serving.head import HeadReader, Release

Outcome = Literal["in line", "drift", "updating", "failed", "nothing released"]


@dataclass(frozen=True)
class Standing:
    """How endpoint and ledger compare.

    Attributes:
        endpoint: its name.
        outcome: ``in line``: only the champion answers. ``updating``: it is on its way.
            ``drift``: something else answers. ``failed``: the platform gave the champion up.
        epoch: of the ledger's head; None before the first release.
        desired: the champion, for people; None before the first release.
        actual: what answers, for people.
        said: the same in a sentence.
    """

    endpoint: str
    outcome: Outcome
    epoch: int | None
    desired: str | None
    actual: tuple[str, ...]
    said: str

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def compare(endpoint: Endpoint, head: HeadReader) -> Standing:
    """Say how an endpoint stands to the ledger, and change nothing.

    Raises:
        HeadUnavailable: the ledger cannot be read.
        EndpointError: the endpoint cannot be read.
    """
    return _judge(endpoint.name, head.champion(), endpoint.read())


def bring_in_line(
    endpoint: Endpoint,
    head: HeadReader,
    *,
    wait_s: float = 0,
    poll_s: float = 15,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Standing:
    """Make the endpoint serve the champion; does nothing where it does.

    Args:
        endpoint: what serves.
        head: the ledger.
        wait_s: seconds to wait for updates, one that is under way already included.
        poll_s: seconds between two looks.
        clock, sleep: the time.

    Returns:
        The standing in the end; ``updating`` where the wait was too short.

    Raises:
        HeadUnavailable: the ledger cannot be read.
        EndpointError: the platform refuses or cannot be reached.
    """
    until = clock() + wait_s
    asked: Release | None = None
    while True:
        champion, state = head.champion(), endpoint.read()
        found = _judge(endpoint.name, champion, state)
        free = state is None or not state.updating
        if champion and champion != asked and free and found.outcome in ("drift", "failed"):
            endpoint.update(champion) if state else endpoint.create(champion)
            asked, free = champion, False  # never twice in one call
            found = replace(found, outcome="updating", said=f"{found.said} An update was begun.")
        if free or clock() >= until:
            return found
        sleep(min(poll_s, max(0.0, until - clock())))


def _judge(name: str, champion: Release | None, state: EndpointState | None) -> Standing:
    actual = tuple(str(one) for one in state.served) if state else ()
    serves = " and ".join(actual) or "nothing"
    if champion is None:
        said = f"Nothing is released yet; {name} serves {serves}."
        return Standing(name, "nothing released", None, None, actual, said)
    wanted = desired(champion)

    def standing(outcome: Outcome, said: str) -> Standing:
        return Standing(name, outcome, champion.epoch, str(wanted), actual, said)

    if state is None:
        return standing("drift", f"{name} does not exist; the champion is {wanted}.")
    if state.updating and state.pending == (wanted,):
        return standing("updating", f"{name} serves {serves}, and is being updated to {wanted}.")
    if state.served == (wanted,) and not state.updating:
        if state.ready:
            return standing(
                "in line", f"{name} serves {wanted}, the champion as of epoch {champion.epoch}."
            )
        return standing("failed", f"{name} has {wanted} and answers nobody.")
    if state.updating:
        coming = " and ".join(str(one) for one in state.pending) or "something else"
        said = f"{name} is being updated to {coming}; the champion is {wanted}."
        return standing("drift", said)
    if state.failed:
        said = f"The last update of {name} failed; it serves {serves}, the champion is {wanted}."
        return standing("failed", said)
    return standing("drift", f"{name} serves {serves}; the champion is {wanted}.")
