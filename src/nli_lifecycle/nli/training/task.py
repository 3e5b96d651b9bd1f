"""What training processes and the one that started them write to each other, in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Starts so many processes of a Python script and waits for them; raises an error if one fails.
Launcher = Callable[[Path, int], None]

#: Environment variable: number of the process that started the others on its own machine.
STARTER = "NLI_TRAINING_STARTER"


@dataclass(frozen=True)
class Task:
    """A training in several processes, as files: all of them must see the same folder."""

    folder: Path

    @property
    def description(self) -> Path:
        """Parameters, encoder, output and progress folder."""
        return self.folder / "task.json"

    @property
    def train(self) -> Path:
        """Training pairs."""
        return self.folder / "train.parquet"

    @property
    def validation(self) -> Path:
        """Validation pairs."""
        return self.folder / "validation.parquet"

    @property
    def curves(self) -> Path:
        """Process 0's metrics: a line for each call of ``on_metrics``."""
        return self.folder / "curves.jsonl"

    @property
    def result(self) -> Path:
        """Process 0's result."""
        return self.folder / "result.json"

    def write_result(self, result: dict[str, Any]) -> None:
        """Leave the result, whole or not at all."""
        unfinished = self.folder / "result.unfinished"
        unfinished.write_text(json.dumps(result, default=str))
        unfinished.replace(self.result)

    def write_error(self, rank: int, error: BaseException) -> None:
        """Leave a process's error."""
        said = [type(error).__name__, str(error)]
        (self.folder / f"error-{rank:05d}.json").write_text(json.dumps(said))

    def errors(self) -> Iterator[tuple[int, str, str]]:
        """Process number, class and message of each error, in the order in which they came."""
        files = self.folder.glob("error-*.json")
        for file in sorted(files, key=lambda file: file.stat().st_mtime_ns):
            name, message = json.loads(file.read_text())
            yield int(file.stem.partition("-")[2]), name, message
