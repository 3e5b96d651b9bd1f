"""A document that is filed in MLflow under the hash of the evidence it is, or belongs to.

Whoever decides need not be where the evidence was measured: an approver's machine has no
``data/``. There the document is found by the evidence's hash among the environment's runs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from nli_lifecycle.datasets.document import DocumentDataset, DocumentError

EVIDENCE_HASH = "evidence_hash"  # the run's tag


class FiledDocumentDataset(DocumentDataset):
    """A JSON file here, and a copy in the MLflow run that made it.

    Args:
        filepath: the file; its folder is made when needed.
        model: import path of the class. Either its content hash is the evidence's, or it has a
            field ``evidence_hash``.
        artifact_path: folder among the run's artifacts.
        experiment: where to look for the run when loading by hash.
        tracking_uri: the environment's tracking store.
        evidence: the evidence's hash, or its first 12 digits or more; None: load the file here.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        filepath: str,
        model: str,
        artifact_path: str,
        experiment: str,
        tracking_uri: str | None = None,
        evidence: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, model=model, metadata=metadata)
        self._artifact = f"{artifact_path}/{self._filepath.name}"
        self._experiment = experiment
        self._tracking_uri = tracking_uri
        self._evidence = evidence

    def save(self, data: Any) -> None:
        """Write the file, and file a copy under the evidence's hash."""
        super().save(data)
        if mlflow.active_run():
            mlflow.log_artifact(str(self._filepath), str(Path(self._artifact).parent))
            mlflow.set_tag(EVIDENCE_HASH, _evidence_hash(data))

    def load(self) -> Any:
        """Read and check the document: the one with the asked hash, else the file here.

        Raises:
            DocumentError: there is none, or it is not what its hash says.
        """
        if self._evidence:
            return self._find(self._evidence)
        if not self._filepath.is_file():
            raise DocumentError(
                f"{self._filepath} is not here. Run evaluation, or name the evidence that another "
                "machine filed in MLflow: `--params evidence=<its hash>` (the tag evidence_hash "
                "of its run and of the judged version)."
            )
        return super().load()

    def _find(self, asked: str) -> Any:
        if not (12 <= len(asked) <= 64 and set(asked) <= set("0123456789abcdef")):
            raise DocumentError(f"--params evidence={asked}: give 12 to 64 hexadecimal digits.")
        client = MlflowClient(self._tracking_uri)
        try:
            experiment = client.get_experiment_by_name(self._experiment)
            found = experiment and client.search_runs(
                [experiment.experiment_id], f"tags.{EVIDENCE_HASH} LIKE '{asked}%'"
            )
            if not found:
                raise DocumentError(
                    f"No run of experiment {self._experiment} filed evidence {asked}. Look for the "
                    "tag evidence_hash of the judged version in the MLflow UI."
                )
            with tempfile.TemporaryDirectory() as folder:
                path = client.download_artifacts(found[0].info.run_id, self._artifact, folder)
                document = DocumentDataset(filepath=path, model=self._model).load()
        except MlflowException as error:
            raise DocumentError(f"Evidence {asked} cannot be fetched: {error}.") from error
        if not _evidence_hash(document).startswith(asked):
            raise DocumentError(
                f"What run {found[0].info.run_id} filed as evidence {asked} was altered: its hash "
                f"is {_evidence_hash(document)[:12]}. Do not decide on it; run evaluation again."
            )
        return document

    def _exists(self) -> bool:
        return bool(self._evidence) or super()._exists()


def _evidence_hash(document: Any) -> str:
    return str(getattr(document, EVIDENCE_HASH, None) or document.content_hash())
