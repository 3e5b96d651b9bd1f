"""A ready-made report of a study, for the tests of what shows it."""

from __future__ import annotations

from typing import Any

from tuning_run import SPACE

from nli_lifecycle.nli.tuning.report import TrialRecord, TuningReport


def trial(number: int, state: str = "complete", **changes: Any) -> TrialRecord:
    values = {"epochs": 2, "learning_rate": 1.23e-05, "weight_decay": 0.0123}
    known = {"number": number, "state": state, "parameters": values, "score": 0.8}
    known |= {"curve": (0.7, 0.8), "seconds": 3.0, "run": None, "error": None}
    return TrialRecord.model_validate(known | changes)


def report(**changes: Any) -> TuningReport:
    trials = (
        trial(0, score=0.75, curve=(0.5, 0.75)),
        trial(1, score=0.8123),
        trial(3, "pruned", score=None, curve=(0.4,)),
        trial(4, "failed", score=None, curve=(), error="FloatingPointError: nan"),
    )
    known = {"study": "0123456789abcdef", "space": SPACE, "asked": 4, "competed": 3}
    known |= {"states": {"complete": 2, "pruned": 1, "failed": 1}, "trials": trials}
    known |= {"best": trials[1], "importance": {"learning_rate": 0.7, "epochs": 0.3}}
    return TuningReport.model_validate(known | changes)
