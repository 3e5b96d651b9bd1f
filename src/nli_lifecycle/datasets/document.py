"""A typed document as a JSON file: written whole or not at all, checked whenever it is read."""

from __future__ import annotations

import logging
import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview
from pydantic import TypeAdapter, ValidationError


logger = logging.getLogger(__name__)


class DocumentError(ValueError):
    """A file that does not hold the document it should."""


class DocumentDataset(AbstractDataset[Any, Any]):
    """A pydantic model or dataclass ⇄ pretty JSON.

    Args:
        filepath: the file; its folder is made when needed.
        model: import path of the class, for example
            ``nli_lifecycle.lifecycle.evidence.Evidence``.
        optional: load None where there is no such document yet, or one that an earlier version
            of this project wrote.
        metadata: free-form, for example kedro-viz's layer.
    """

    def __init__(
        self,
        *,
        filepath: str,
        model: str,
        optional: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._model = model
        self._optional = optional
        self.metadata = metadata

    def load(self) -> Any:
        """Read and check the document.

        Raises:
            DocumentError: the file is no such document; names the first key that is wrong.
        """
        if self._optional and not self._filepath.is_file():
            return None
        content = self._filepath.read_bytes()
        try:
            return self._adapter().validate_json(content)
        except ValidationError as error:
            if self._optional:
                logger.warning("%s is of another version, and not used.", self._filepath)
                return None
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise DocumentError(
                f"{self._filepath} is no {self._model.rpartition('.')[2]}: {where}: "
                f"{first['msg']}. Run the pipeline that writes it again."
            ) from error

    def save(self, data: Any) -> None:
        """Write the document beside the old one, then put it in its place."""
        adapter = self._adapter()
        content = adapter.dump_json(adapter.validate_python(data), indent=2) + b"\n"
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self._filepath.parent, delete=False) as unfinished:
            try:
                unfinished.write(content)
                unfinished.close()
                os.chmod(unfinished.name, 0o644)
                os.replace(unfinished.name, self._filepath)
            except BaseException:
                Path(unfinished.name).unlink(missing_ok=True)
                raise

    def preview(self) -> JSONPreview:
        """The document as kedro-viz shows it."""
        return JSONPreview(self._filepath.read_text(encoding="utf-8"))

    def _adapter(self) -> TypeAdapter[Any]:
        module, _, name = self._model.rpartition(".")
        return TypeAdapter(getattr(import_module(module), name))

    def _exists(self) -> bool:
        return self._optional or self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath), "model": self._model}
