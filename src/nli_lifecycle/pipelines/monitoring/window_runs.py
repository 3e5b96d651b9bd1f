"""Windows as child runs in MLflow, and as curves in the round's own run."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from functools import cached_property

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag
from mlflow.exceptions import MlflowException
from tqdm import tqdm

from nli_lifecycle.monitoring.findings import WindowFindings
from nli_lifecycle.monitoring.state import KeptWindow

AFTER = "monitoring_after"  # tag: watermark of the round that made the run
BATCH = 1_000  # metrics that MLflow takes at once
EXTRAS = ("low", "high", "reference", "effect", "p_value")
GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # deleted for good, or in the bin


class WindowRuns:
    """Runs below the active run, each made once however often a round is repeated."""

    def __init__(self, before: int) -> None:
        """Name the round; nothing is contacted yet.

        Args:
            before: watermark of the last round, by which attempts at the same round are known.
        """
        self._client = MlflowClient()
        self._before = before
        self._parent = mlflow.active_run()

    def tell(self, windows: Sequence[KeptWindow], most: int) -> list[KeptWindow]:
        """Tell MLflow what is new about windows.

        Args:
            windows: measured ones, by number.
            most: runs written at most; the latest windows come first.

        Returns:
            The windows that were told, each with its run's id.

        Raises:
            MlflowException: the store does not answer; runs made so far are found again.
        """
        if self._parent is None:
            return []
        news = [one for one in reversed(windows) if one.found and told(one.found) != one.told]
        bar = tqdm(news[:most], desc="MLflow", unit=" windows", disable=None, delay=2)
        return [self._told(window) for window in bar]

    def draw(self, windows: Sequence[KeptWindow]) -> None:
        """Log the windows' figures as curves of the active run; a step is a window's number."""
        if self._parent is None:
            return
        points = [
            Metric(name, value, int(1_000 * window.end.timestamp()), window.number)
            for window in windows
            if window.found
            for name, value in metrics(window.found).items()
        ]
        for begin in range(0, len(points), BATCH):
            self._client.log_batch(self._parent.info.run_id, metrics=points[begin : begin + BATCH])

    def _told(self, window: KeptWindow) -> KeptWindow:
        assert window.found is not None
        run_id = window.run_id or self._made.get(_identity(window))
        if run_id is None or not self._log(run_id, window.found):
            run_id = self._create(window)
            self._log(run_id, window.found)
        self._client.set_terminated(run_id, "FINISHED", int(1_000 * window.end.timestamp()))
        return window.model_copy(update={"run_id": run_id, "told": told(window.found)})

    def _create(self, window: KeptWindow) -> str:
        assert self._parent is not None
        tags = {
            "mlflow.parentRunId": self._parent.info.run_id,
            AFTER: str(self._before),
            **_tags(window),
        }
        run = self._client.create_run(
            self._parent.info.experiment_id,
            start_time=int(1_000 * window.begin.timestamp()),
            run_name=f"window {window.number}",
            tags=tags,
        )
        return str(run.info.run_id)

    def _log(self, run_id: str, found: WindowFindings) -> bool:
        """Log a window's figures; False: somebody has deleted the run."""
        now = int(1_000 * time.time())
        points = [Metric(name, value, now, found.window) for name, value in metrics(found).items()]
        silent = [f"{one.name} {one.state}" for one in found.findings if one.state != "measured"]
        try:
            self._client.log_batch(
                run_id, metrics=points, tags=[RunTag("not_measured", ", ".join(silent))]
            )
        except MlflowException as error:
            if error.error_code in GONE:
                return False
            raise
        return True

    @cached_property
    def _made(self) -> dict[tuple[str, ...], str]:
        """Runs that killed attempts at this round have made, by the window's identity."""
        assert self._parent is not None
        found: dict[tuple[str, ...], str] = {}
        token = None
        while True:
            page = self._client.search_runs(
                [self._parent.info.experiment_id],
                f"tags.{AFTER} = '{self._before}'",
                page_token=token,
            )
            for run in page:
                tags = run.data.tags
                found[tuple(tags.get(name, "") for name in IDENTITY)] = run.info.run_id
            token = page.token
            if not token:
                return found


#: Tags by which a window is found again, in another log or another state, too.
IDENTITY = ("window", "digest", "epoch", "first_arrival", "last_arrival", "begin", "end")


def metrics(found: WindowFindings) -> dict[str, float]:
    """Figures of a window: ``<finding>``, and its ``.low``, ``.high``, ``.effect`` and so on."""
    figures: dict[str, float] = {}
    for one in found.findings:
        if one.state == "measured" and one.value is not None:
            figures[one.name] = one.value
            extras = ((name, getattr(one, name)) for name in EXTRAS)
            figures |= {f"{one.name}.{name}": value for name, value in extras if value is not None}
    return figures


def told(found: WindowFindings) -> str:
    """Identity of what a run is told: figures, and what has none."""
    states = [(one.name, one.state) for one in found.findings]
    return hashlib.sha256(json.dumps([metrics(found), states]).encode()).hexdigest()[:16]


def _tags(window: KeptWindow) -> dict[str, str]:
    model, version, digest, epoch = window.key
    return {
        "monitoring": "window",
        "window": str(window.number),
        "model": model,
        "version": version,
        "digest": digest,
        "epoch": str(epoch),
        "first_arrival": str(window.first_arrival),
        "last_arrival": str(window.last_arrival),
        "begin": window.begin.isoformat(),
        "end": window.end.isoformat(),
    }


def _identity(window: KeptWindow) -> tuple[str, ...]:
    tags = _tags(window)
    return tuple(tags[name] for name in IDENTITY)
