"""Carry champions downstream: run every environment whose upstream has a champion new to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from kedro.utils import find_kedro_project

from nli_lifecycle.commands.places import Place, PlaceError
from nli_lifecycle.lifecycle.overview import status

#: What a judgement of the same bytes on the same data would only repeat.
SETTLED = ("promote", "hold", "reject")


def carry_on(places: list[Place], until: str | None, *, dry_run: bool) -> list[dict[str, Any]]:
    """Run the environments that have something new upstream, in the order in which models travel.

    An environment that rejects or holds ends the way of that model, not the command: what went
    downstream before stays there.

    Args:
        places: the environments, upstream first.
        until: the last one to run; None: the last there is.
        dry_run: only say which would run; further ones depend on what those decide.

    Returns:
        Per environment with an upstream: ``environment``, ``ran`` and what was ``said``.

    Raises:
        PlaceError: ``until`` is no environment, or a run failed.
    """
    names = [place.environment for place in places]
    if until is not None and until not in names:
        raise PlaceError(f"Unknown environment '{until}'. Known: {', '.join(names)}.")
    by_model = {place.model: place for place in places}
    steps: list[dict[str, Any]] = []
    for place in places[: names.index(until) + 1 if until else None]:
        upstream = by_model.get((place.settings.get("upstream") or {}).get("model", ""))
        if upstream is None:
            continue
        why, pipelines = _why(place, upstream)
        if why and not dry_run:
            _run(place, pipelines)
            found = status(place.open())
            said = found["candidate"]["decision"] if found["candidate"] else "no candidate"
            reasons = found["held"]["reasons"] if found["held"] else ""
            steps.append(_step(place, True, f"{why}; decision: {said}. {reasons}".strip()))
        else:
            steps.append(_step(place, bool(why), why or "nothing new upstream"))
    return steps


def _why(place: Place, upstream: Place) -> tuple[str, str]:
    """What is new, and which pipelines that takes; empty where nothing is."""
    above = None if upstream.empty else status(upstream.open())["champion"]
    here = status(place.open())
    champion, candidate, held = here["champion"], here["candidate"], here["held"]
    known = {champion["digest"]} if champion else set()
    if candidate and candidate["decision"] in SETTLED:
        known.add(candidate["digest"])
    if above and above["digest"] not in known:
        return f"{upstream.environment}'s champion {above['digest'][:12]} is new here", ""
    if held and held["approvals"] and not held["rejected"]:
        return f"version {held['version']} was approved", "promotion"
    return "", ""


def _run(place: Place, pipelines: str) -> None:
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    command = [sys.executable, "-m", "nli_lifecycle", "--env", place.environment]
    command += ["--conf-source", place.conf_source]
    command += ["--pipelines", pipelines] if pipelines else []
    done = subprocess.run(command, cwd=project, check=False)
    if done.returncode:
        raise PlaceError(
            f"`kedro run --env {place.environment}` failed, as it says above. Mend that, then run "
            "`kedro lifecycle advance` again: what was carried on stays."
        )


def _step(place: Place, ran: bool, said: str) -> dict[str, Any]:
    return {"environment": place.environment, "ran": ran, "said": said}
