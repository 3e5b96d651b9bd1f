"""Where studies of hyperparameters are kept: beside MLflow's tables, never among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

#: Optuna and MLflow both keep their migration in a table `alembic_version`: in one schema, the
#: second to come finds a version that is none of its own, and refuses.
SCHEMA = "nli_tuning"


@dataclass(frozen=True)
class Studies:
    """A database for studies."""

    url: str
    schema: str | None = None  # None: the database is nobody else's


class StudiesDataset(AbstractDataset[Studies, Studies]):
    """Catalog entry of ``Studies``; load-only.

    Args:
        filepath: SQLite file, for any tracking store that is no PostgreSQL database.
        tracking_uri: the environment's tracking store.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self, *, filepath: str, tracking_uri: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = Path(filepath)
        self._tracking_uri = tracking_uri
        self.metadata = metadata

    def load(self) -> Studies:
        """Say where studies are; nothing is opened yet."""
        if self._tracking_uri.startswith("postgresql"):
            return Studies(self._tracking_uri, SCHEMA)
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        return Studies(f"sqlite:///{self._filepath}")

    def save(self, data: Studies) -> None:
        """Refuse: trials are written through Optuna."""
        raise NotImplementedError("StudiesDataset is load-only.")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
