"""Each foreseeable failure becomes one message; an unforeseen one keeps its traceback."""

from __future__ import annotations

import errno

import pytest
from mlflow.exceptions import MlflowException
from pydantic import ValidationError

from nli_lifecycle.errors import explain
from nli_lifecycle.nli.labels import column_order
from nli_lifecycle.parameters import TrainingParameters


def wrapped(cause: Exception) -> Exception:
    try:
        raise RuntimeError("Kedro's words") from cause
    except RuntimeError as error:
        return error


def test_parameters_name_key_and_value() -> None:
    with pytest.raises(ValidationError) as caught:
        TrainingParameters(epohcs=2, epochs="many")
    message = explain(caught.value)
    assert message is not None
    assert "TrainingParameters.epohcs: Extra inputs are not permitted" in message
    assert "TrainingParameters.epochs" in message and "'many'" in message


def test_full_disk_is_found_behind_wrappers() -> None:
    message = explain(wrapped(OSError(errno.ENOSPC, "No space left on device", "data/x.parquet")))
    assert message is not None and "disk is full" in message and "data/x.parquet" in message


def test_missing_permission_names_the_file() -> None:
    message = explain(wrapped(PermissionError(errno.EACCES, "Permission denied", "data/dev")))
    assert message is not None and "No permission for data/dev" in message


def test_unreachable_server_says_what_to_check() -> None:
    error = MlflowException("API request to http://127.0.0.1:9/api failed: Max retries exceeded")
    message = explain(error)
    assert message is not None
    assert "cannot be reached" in message and "MLFLOW_TRACKING_URI" in message


def test_our_own_errors_speak_for_themselves() -> None:
    with pytest.raises(ValueError) as caught:
        column_order({0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"})
    assert explain(wrapped(caught.value)) == str(caught.value)


def test_an_unforeseen_error_is_not_explained_away() -> None:
    with pytest.raises(ValueError) as caught:
        int("not ours")
    assert explain(caught.value) is None
    assert explain(KeyError("bug")) is None
