"""Real bundles by the dozen, and a registry in memory that releases them: for the service's tests.

One tiny payload is exported; the others are copies of it with another temperature, so that each
answers differently and is made in milliseconds.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nli_lifecycle.nli.bundle import PAYLOAD, Bundle, open_bundle, seal
from nli_lifecycle.nli.inference import Classifier
from nli_lifecycle.serving.following import Following
from nli_lifecycle.serving.head import BadRelease, HeadUnavailable, Release

MODEL = "prod.nli.classifier"
PAIR = (["the dog runs outside"], ["no dog sleeps"])


def make_bundle(payload: Path, folder: Path, temperature: float, wrong: bool = False) -> Bundle:
    """Seal a copy of a payload that answers at another temperature.

    Args:
        payload: a payload folder.
        folder: to be made.
        temperature: above 0.
        wrong: record golden probes that it will not answer so.
    """
    target = folder / PAYLOAD
    shutil.copytree(payload, target)
    settings = json.loads((target / "inference.json").read_text())
    (target / "inference.json").write_text(json.dumps({**settings, "temperature": temperature}))
    golden = json.loads((target / "golden.json").read_text())
    classifier = Classifier.load(target, threads=1, verify=False)
    for probe in golden["probes"]:
        answer = classifier.predict_proba([probe["premise"]], [probe["hypothesis"]])[0]
        probe["probabilities"] = (answer[::-1] if wrong else answer).tolist()
    (target / "golden.json").write_text(json.dumps(golden))
    flavor = {
        "loader_module": "mlflow.pyfunc.model",
        "model_code_path": "model.py",
        "artifacts": {"bundle": {"path": PAYLOAD}},
    }
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": flavor}}))
    return seal(folder)


class MemoryHead:
    """A registry in memory; see ``HeadReader``. What is wrong with it can be said at any time."""

    environment = "prod"

    def __init__(self, model: str = MODEL) -> None:
        self.model = model
        self.head: Release | None = None
        self.under_judgement: Release | None = None
        self.away: str | None = None  # why it cannot be asked
        self.store_away = False
        self.folders: dict[str, Path] = {}
        self.fetched: list[str] = []

    def release(self, bundle: Bundle, epoch: int, version: str | None = None) -> Release:
        """Make a bundle the champion."""
        self.folders[bundle.digest] = bundle.path
        self.head = Release(self.model, version or str(epoch), bundle.digest, epoch)
        return self.head

    def submit(self, bundle: Bundle, version: str) -> Release:
        """Make a bundle the candidate."""
        self.folders[bundle.digest] = bundle.path
        epoch = self.head.epoch if self.head else 0
        self.under_judgement = Release(self.model, version, bundle.digest, epoch)
        return self.under_judgement

    def champion(self) -> Release | None:
        self._ask()
        return self.head

    def candidate(self) -> Release | None:
        self._ask()
        return self.under_judgement

    def fetch(self, release: Release, folder: Path) -> None:
        self._ask()
        if self.store_away:
            raise HeadUnavailable("The store cannot be reached.")
        if release.digest not in self.folders:
            raise BadRelease(f"Version {release.version} was deleted.")
        self.fetched.append(release.digest)
        shutil.copytree(self.folders[release.digest], folder)
        if open_bundle(folder).digest != release.digest:
            raise BadRelease("Other bytes.")

    def lifecycle(self) -> dict[str, Any]:
        self._ask()
        return {"environments": []}

    def _ask(self) -> None:
        if self.away:
            raise HeadUnavailable(self.away)


def answer(following: Following) -> np.ndarray:
    assert following.served is not None
    return following.served.classifier.predict_proba(*PAIR)


def answer_of(bundle: Bundle) -> np.ndarray:
    return Classifier.load(bundle.payload, threads=1).predict_proba(*PAIR)


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
