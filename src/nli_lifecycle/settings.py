"""Kedro project settings: https://docs.kedro.org/en/stable/configure/configuration_basics/."""

import os
from pathlib import Path

from kedro.config import OmegaConfigLoader
from kedro.utils import find_kedro_project
from omegaconf.resolvers import oc

from nli_lifecycle.hooks import SummaryHook, TrackingHook
from nli_lifecycle.lineage import LineageHook
from nli_lifecycle.replay.recording import RecordingHook
from nli_lifecycle.session import NliSession


def home(relative: str = "") -> str:
    """Absolute path below the folder that holds data and the embedded MLflow store.

    That folder is ``NLI_HOME`` where set, else the project this file belongs to, else (installed
    from a wheel) the working directory. Absolute, because a SQLite address that follows the
    working directory silently creates a second database under ``notebooks/``.
    """
    root = os.environ.get("NLI_HOME") or find_kedro_project(Path(__file__).parent) or Path.cwd()
    return (Path(root).resolve() / relative).as_posix()


def embedded(relative: str) -> str | None:
    """``home(relative)`` while the embedded store is in use, else None: a server keeps its own."""
    return None if os.environ.get("MLFLOW_TRACKING_URI") else home(relative)


def experiment(name: str) -> str:
    """An MLflow experiment's name; Databricks wants a path."""
    on_databricks = os.environ.get("MLFLOW_TRACKING_URI", "").startswith("databricks")
    return f"/Shared/{name}" if on_databricks else name


SESSION_CLASS = NliSession
HOOKS = (TrackingHook(), SummaryHook(), LineageHook(), RecordingHook())
CONFIG_LOADER_CLASS = OmegaConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "dev",
    "config_patterns": {
        "mlflow": ["mlflow*", "mlflow*/**", "**/mlflow*"],
        "spark": ["spark*", "spark*/**", "**/spark*"],
        "serving": ["serving*", "serving*/**", "**/serving*"],
    },
    # The default merge replaces a whole top-level key and silently drops what is beside it.
    "merge_strategy": dict.fromkeys(
        ("parameters", "mlflow", "globals", "spark", "serving"), "soft"
    ),
    "custom_resolvers": {
        "home": home,
        "embedded": embedded,
        "experiment": experiment,
        "oc.env": oc.env,
    },
}
