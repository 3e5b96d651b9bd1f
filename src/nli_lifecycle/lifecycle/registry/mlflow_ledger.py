"""The release ledger as write-once parameters of one MLflow run.

MLflow refuses to change a parameter that is set, atomically and in every store, which makes each
parameter a put-if-absent register: the only compare-and-swap that MLflow has. The run is found
through a tag of an experiment, because creating an experiment with its tags is the only atomic
create-if-absent. A run that is full is continued in another one, named by its last parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.ledger.entry import LedgerError, LedgerGone
from nli_lifecycle.lifecycle.registry.answers import explained
from nli_lifecycle.lifecycle.registry.upload import find_experiment
from nli_lifecycle.lifecycle.versions import RegistryError

HOME = "ledger runs"  # the experiment under which ledgers' runs lie, away from other runs
RUN_TAG = "ledger_run_id"
CONTINUED = "continued_in"  # a full run's last parameter: the id of the next one
MOST_LINES = 1_500  # Databricks allows 1,600 parameters a run
REBUILD = "Restore it: `kedro lifecycle reconcile --rebuild`."


class MlflowLedger:
    """See ``Ledger``.

    Args:
        name: registered model.
        client: of the environment's tracking store.
        folder: prefix of the experiments' names; Databricks wants a path.
        most_lines: lines after which a run is continued in another one.
    """

    def __init__(
        self,
        name: str,
        client: MlflowClient,
        *,
        folder: str = "",
        most_lines: int = MOST_LINES,
    ) -> None:
        self.name = name
        self.client = client
        self.experiment = f"{folder}ledger of {name}"
        self._home = f"{folder}{HOME}"
        self._most_lines = most_lines

    def lines(self) -> dict[str, str] | None:
        """See ``Ledger.lines``."""
        runs = self._runs()
        if not runs:
            return None
        found = {key: text for _, lines in runs for key, text in lines.items()}
        found.pop(CONTINUED, None)
        return found

    def create(self) -> None:
        """See ``Ledger.create``."""
        if self._first_run() is not None:
            return
        with explained(f"begin the ledger of {self.name}"):
            self._point_at(self._make_run({}))

    def put(self, key: str, text: str) -> str:
        """See ``Ledger.put``.

        An answer that was lost on its way is no answer: what is stored decides who won.

        Raises:
            LedgerError: the store refused; nothing was written.
        """
        runs = self._runs()
        if not runs:
            raise LedgerGone(f"The ledger of {self.name} is gone. {REBUILD}")
        for _, lines in runs:
            if key in lines:
                return lines[key]
        run_id, lines = runs[-1]
        if len(lines) >= self._most_lines:
            run_id = self._write(run_id, CONTINUED, self._make_run({}))
        return self._write(run_id, key, text)

    def replace(self, lines: Mapping[str, str]) -> None:
        """See ``Ledger.replace``."""
        with explained(f"restore the ledger of {self.name}"):
            self._restore_home()
            found = self.client.get_experiment_by_name(self.experiment)
            run_id = self._make_run(lines)
            if found is not None:
                # A name, also a deleted one's, can be taken only once: move the old one aside.
                if found.lifecycle_stage != LifecycleStage.ACTIVE:
                    self.client.restore_experiment(found.experiment_id)
                self.client.rename_experiment(
                    found.experiment_id, f"{self.experiment} until {run_id[:8]}"
                )
            self._point_at(run_id)

    def _runs(self) -> list[tuple[str, dict[str, str]]]:
        """Ids and lines of the ledger's runs, in order; empty where there never was a ledger."""
        found: list[tuple[str, dict[str, str]]] = []
        run_id = self._first_run()
        while run_id is not None:
            lines = self._lines_of(run_id)
            found.append((run_id, lines))
            run_id = lines.get(CONTINUED)
        return found

    def _lines_of(self, run_id: str) -> dict[str, str]:
        try:
            with explained(f"read the ledger of {self.name}"):
                run = self.client.get_run(run_id)
        except RegistryError as error:
            if _missing(error.__cause__):
                raise LedgerGone(
                    f"Run {run_id}, which held the ledger of {self.name}, is gone. {REBUILD}"
                ) from error
            raise
        if run.info.lifecycle_stage != LifecycleStage.ACTIVE:
            raise LedgerGone(
                f"Run {run_id}, which holds the ledger of {self.name}, was deleted. {REBUILD}"
            )
        return {key: str(text) for key, text in run.data.params.items()}

    def _first_run(self) -> str | None:
        with explained(f"find the ledger of {self.name}"):
            found: Experiment | None = self.client.get_experiment_by_name(self.experiment)
        if found is None:
            return None
        if found.lifecycle_stage != LifecycleStage.ACTIVE:
            raise LedgerGone(
                f"Experiment {self.experiment!r}, which names the ledger's run, was deleted. "
                + REBUILD
            )
        run_id = found.tags.get(RUN_TAG)
        if not run_id:
            raise LedgerGone(
                f"Experiment {self.experiment!r} has lost its tag {RUN_TAG}, which names the "
                f"ledger's run. {REBUILD}"
            )
        return str(run_id)

    def _write(self, run_id: str, key: str, text: str) -> str:
        try:
            # Not log_batch: whoever loses that race gets an error that says nothing.
            self.client.log_param(run_id, key, text)
        except Exception as error:  # refused, timed out, or done and the answer lost
            there = self._lines_of(run_id).get(key)
            if there is None:
                said = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise LedgerError(
                    f"Cannot write to the ledger of {self.name}: {said[:300]}. Nothing was "
                    "committed; check the store and run again."
                ) from error
            return there
        return text

    def _make_run(self, lines: Mapping[str, str]) -> str:
        home = find_experiment(self.client, self._home, None)
        run = self.client.create_run(
            home,
            run_name=f"ledger of {self.name}",
            tags={"mlflow.note.content": "The release ledger. Do not delete.", "ledger": self.name},
        )
        for key in sorted(lines):
            self.client.log_param(run.info.run_id, key, lines[key])
        self.client.set_terminated(run.info.run_id)  # else it would show as running for ever
        return str(run.info.run_id)

    def _restore_home(self) -> None:
        home = self.client.get_experiment_by_name(self._home)
        if home is not None and home.lifecycle_stage != LifecycleStage.ACTIVE:
            self.client.restore_experiment(home.experiment_id)

    def _point_at(self, run_id: str) -> None:
        """Make the run the ledger, unless another process was first: then drop it."""
        try:
            self.client.create_experiment(self.experiment, tags={RUN_TAG: run_id})
        except Exception:  # another's, or our own whose answer was lost
            if self._first_run() is None:
                raise
        if self._first_run() != run_id:
            with suppress(MlflowException):  # an orphan that stays harms nobody
                self.client.delete_run(run_id)


def _missing(error: BaseException | None) -> bool:
    return isinstance(error, MlflowException) and error.error_code == "RESOURCE_DOES_NOT_EXIST"
