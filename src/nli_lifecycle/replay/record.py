"""What a run says about itself, so that it can be run again: `replay.json` among its artifacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

#: Name of the artifact.
RECORD = "replay.json"

#: Tag of a replay: the run it repeats.
REPLAY_OF = "replay_of"

#: Tags that name what a run used and made, in the words in which they are reported.
RESULTS = {"data_version": "data version", "training_key": "training key", "digest": "digest"}


class Selection(BaseModel):
    """Which nodes of the pipelines ran, as `KedroSession.run` takes it; empty: all of them."""

    model_config = ConfigDict(frozen=True)

    tags: tuple[str, ...] = ()
    node_names: tuple[str, ...] = ()
    from_nodes: tuple[str, ...] = ()
    to_nodes: tuple[str, ...] = ()
    from_inputs: tuple[str, ...] = ()
    to_outputs: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    load_versions: dict[str, str] = {}
    only_missing_outputs: bool = False


class Code(BaseModel):
    """What ran."""

    model_config = ConfigDict(frozen=True)

    git_sha: str | None  # None: outside a checkout
    git_dirty: bool  # there were changes that no commit holds
    version: str  # of the source text that makes a model: part of the training key
    source: str  # sha256 of all of this package's source text
    libraries: dict[str, str]


class Record(BaseModel):
    """Everything that decides what a run does. Secrets are blanked before it is made."""

    model_config = ConfigDict(frozen=True)

    environment: str
    pipelines: tuple[str, ...]
    selection: Selection
    runtime_params: dict[str, Any]  # as given
    parameters: dict[str, Any]  # those the pipelines take in, defaults included
    places: str  # sha256 of globals and catalog
    conf_source: str | None  # None: the project's own
    home: str  # NLI_HOME, or what stands in for it
    code: Code


@dataclass
class Replaying:
    """A replay under way: the run it repeats, and its own once that is open."""

    of: str
    run_id: str | None = None


REPLAYING: ContextVar[Replaying | None] = ContextVar("replaying", default=None)


@contextmanager
def replaying(of: str) -> Iterator[Replaying]:
    """Let the next session's run be known as a replay."""
    under_way = Replaying(of)
    token = REPLAYING.set(under_way)
    try:
        yield under_way
    finally:
        REPLAYING.reset(token)


def without_run_id(runtime_params: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says where a run is logged: a replay is a run of its own."""
    return {name: value for name, value in runtime_params.items() if name != "mlflow_run_id"}
