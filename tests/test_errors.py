"""Each foreseeable failure becomes one message; an unforeseen one keeps its traceback."""

from __future__ import annotations

import errno

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner
from kedro.validation.exceptions import ParameterValidationError
from mlflow.exceptions import MlflowException

from nli_lifecycle.errors import explain, first_line
from nli_lifecycle.nli.labels import column_order


def wrapped(cause: Exception) -> Exception:
    try:
        raise RuntimeError("Kedro's words") from cause
    except RuntimeError as error:
        return error


def test_parameters_keep_keys_and_values_but_no_links() -> None:
    text = (
        "Parameter validation failed:\n- Parameter 'training': 1 validation error\nepohcs\n"
        "  Extra inputs are not permitted [input_value=2]\n"
        "    For further information visit https://errors.pydantic.dev/2/v/extra_forbidden"
    )
    message = explain(wrapped(ParameterValidationError(text)))
    assert message is not None
    assert "epohcs" in message and "input_value=2" in message and "parameters.md" in message
    assert "https://" not in message


def test_parameters_that_no_file_has_are_named() -> None:
    pipeline = Pipeline(
        [Node(lambda path, rows: 1, ["params:source_path", "rows"], "out", name="n")]
    )
    with pytest.raises(ValueError) as caught:
        SequentialRunner().run(pipeline, DataCatalog())
    message = explain(caught.value)
    assert message is not None
    assert "has source_path. Put it back" in message and "parameters.md" in message


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


def test_an_error_in_a_sentence_is_one_line_or_its_kind() -> None:
    assert first_line(RuntimeError("\n  lost \nDetail: port 5432")) == "lost "
    assert first_line(TimeoutError()) == "TimeoutError"
    assert len(first_line(ValueError(1_000 * "x"))) == 300
