"""One environment's registry as the service sees it: the ledger's head, and bytes; read only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from mlflow.exceptions import MlflowException

from nli_lifecycle.lifecycle.brief import brief
from nli_lifecycle.lifecycle.ledger.entry import Entry, Held, LedgerError
from nli_lifecycle.lifecycle.ledger.history import History
from nli_lifecycle.lifecycle.ledger.protocol import read
from nli_lifecycle.lifecycle.projection import check_mirror, located
from nli_lifecycle.lifecycle.registry.mlflow_registry import MlflowRegistry
from nli_lifecycle.lifecycle.registry.stores import (
    check_present,
    check_readable,
    without_login,
)
from nli_lifecycle.lifecycle.versions import CANDIDATE, CHAMPION, DamagedVersion, RegistryError
from nli_lifecycle.masking import mask_text
from nli_lifecycle.serving.head import BadRelease, HeadUnavailable, Release

REPORT = "decision/decision.html"  # where promotion files a decision's report in its run


class RegistryHead:
    """See ``HeadReader``. Nothing is contacted before the first question.

    Args:
        model: registered model, for example ``prod.nli.classifier``.
        environment: the environment whose model this is.
        tracking_uri: store of the ledger and the bytes.
        registry_uri: store of registered models; None: the one that belongs to the tracking URI.
        upstream: the environments that models come from, furthest first; only shown.
    """

    def __init__(
        self,
        model: str,
        *,
        environment: str,
        tracking_uri: str,
        registry_uri: str | None = None,
        upstream: Sequence[RegistryHead] = (),
    ) -> None:
        self.model = model
        self.environment = environment
        self._tracking_uri = tracking_uri
        self._registry_uri = registry_uri
        self._upstream = upstream
        self._opened: MlflowRegistry | None = None
        self._opening = Lock()
        self._checked = ("", "")  # hash of the head that was checked last, and its version
        self._experiments: dict[str, str | None] = {}  # by run

    def champion(self) -> Release | None:
        """See ``HeadReader.champion``."""
        with self._asking():
            registry = self._registry()
            history = self._history(registry)
            if history is None and CHAMPION in registry.aliases():
                raise HeadUnavailable(
                    f"{self.model} has a champion and no ledger: `kedro lifecycle doctor --env "
                    f"{self.environment}` says what to do."
                )
            if history is None or history.champion is None:
                return None
            held = history.champion
            version = self._checked_version(registry, held, history.head)
            return Release(self.model, version, held.digest, history.epoch)

    def candidate(self) -> Release | None:
        """See ``HeadReader.candidate``."""
        with self._asking():
            registry = self._registry()
            ref = registry.alias(CANDIDATE)
            if ref is None:
                return None
            history = self._history(registry)
            return Release(self.model, ref.version, ref.digest, history.epoch if history else 0)

    def fetch(self, release: Release, folder: Path) -> None:
        """See ``HeadReader.fetch``; a version made again under another number is found too."""
        with self._asking():
            registry = self._registry()
            held = Held(version=release.version, digest=release.digest)
            ref = located(registry, held, needed=False)
            if ref is None:
                raise BadRelease(
                    f"{self.model} {held} was deleted. Bring it back: `kedro lifecycle reconcile "
                    f"--env {self.environment}`; or roll back: `kedro lifecycle rollback`."
                )
            registry.fetch(ref, folder)

    def lifecycle(self) -> dict[str, Any]:
        """See ``HeadReader.lifecycle``: the environments upstream that can be read, then this one.

        Returns:
            ``{"environments": [...]}``, each as ``lifecycle.brief`` describes it.
        """
        environments = []
        for head in self._upstream:
            try:
                environments += head.lifecycle()["environments"]
            except HeadUnavailable:  # another team's registry: shown only where it can be
                continue
        with self._asking():
            return {"environments": [*environments, brief(self._registry(), self._report)]}

    def _history(self, registry: MlflowRegistry) -> History | None:
        records = read(registry.ledger)
        return records.history if records else None

    def _checked_version(self, registry: MlflowRegistry, held: Held, head: Entry) -> str:
        """Number of the version that carries the champion's bytes; the ledger's own if none does.

        Raises:
            LedgerGone: the head differs from its mirror.
        """
        hashed = head.line_hash()
        if self._checked[0] != hashed:
            ref = located(registry, held, needed=False)
            if ref is None:
                return held.version
            check_mirror(registry, ref, head)
            self._checked = (hashed, ref.version)
        return self._checked[1]

    def _report(self, run_id: str) -> str | None:
        """Address of a decision's report on an MLflow server; other stores have no pages."""
        if not self._tracking_uri.startswith("http"):
            return None
        if run_id not in self._experiments:
            try:
                run = self._registry().client.get_run(run_id)
                self._experiments[run_id] = str(run.info.experiment_id)
            except MlflowException:  # deleted for ever, or not just now: no link
                return None
        server = without_login(self._tracking_uri).rstrip("/")
        experiment = self._experiments[run_id]
        return f"{server}/#/experiments/{experiment}/runs/{run_id}/artifacts/{REPORT}"

    def _registry(self) -> MlflowRegistry:
        stores = {self._tracking_uri, self._registry_uri or self._tracking_uri}
        with self._opening:
            for uri in stores:
                check_present(uri) if self._opened else check_readable(uri)
            if self._opened is None:
                self._opened = MlflowRegistry(
                    self.model,
                    environment=self.environment,
                    experiment=f"nli-{self.environment}",  # used for uploads only
                    downloads=Path(tempfile.gettempdir()),  # every fetch names its own folder
                    tracking_uri=self._tracking_uri,
                    registry_uri=self._registry_uri,
                )
            return self._opened

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn whatever goes wrong into the two things the service knows."""
        try:
            yield
        except (HeadUnavailable, BadRelease):
            raise
        except DamagedVersion as error:
            raise BadRelease(str(error)) from error
        except (RegistryError, LedgerError) as error:
            raise HeadUnavailable(mask_text(str(error))) from error
        except Exception as error:  # MLflow, SQLAlchemy and every driver have classes of their own
            said = mask_text(" ".join(str(error).split()))[:300]
            raise HeadUnavailable(
                f"{self.model} cannot be read: {type(error).__name__}: {said}"
            ) from error
