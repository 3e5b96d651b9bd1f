"""Parameters of monitoring that cannot be meant are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from nli_lifecycle.monitoring.parameters import MonitoringParameters

RULE = {
    "kind": "relative",
    "name": "fell",
    "finding": "realised_accuracy",
    "points": 1.5,
    "sentence": "Look.",
}


def asking(*actions: str, **more: object) -> MonitoringParameters:
    alerting = {"rules": [RULE], "actions": {"asked_by": {"fell": actions}}}
    return MonitoringParameters.model_validate({"alerting": alerting, **more})


def test_an_alert_cannot_ask_for_a_training_that_nothing_describes() -> None:
    with pytest.raises(ValidationError, match="lets fell ask for retrain, but `retrain` does not"):
        asking("notify", "retrain")


def test_it_can_where_something_does() -> None:
    found = asking("retrain", retrain={"kind": "command", "argv": ["kedro", "run"]})
    assert found.retrain is not None
    assert asking("freeze", "rollback").retrain is None
