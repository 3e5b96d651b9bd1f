"""Turn a foreseeable failure into one message: what is wrong, where, what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from traceback import walk_tb

from kedro.validation.exceptions import ParameterValidationError
from mlflow.exceptions import MlflowException

FORESEEN = (ValueError, ArithmeticError, RuntimeError, MemoryError)
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def explain(error: BaseException) -> str | None:
    """Say in one message why the run failed.

    Args:
        error: what the run raised; its causes are searched too, because Kedro and MLflow wrap
            what datasets raise.

    Returns:
        The message, or None for an error nobody foresaw, whose traceback is needed.
    """
    for cause in _chain(error):
        if isinstance(cause, ParameterValidationError):
            return _parameters(cause)
        if isinstance(cause, OSError) and cause.errno in NO_SPACE:
            return (
                f"The disk is full ({cause.strerror}: {cause.filename or 'while writing'}). "
                "Free some space, or put data and stores elsewhere with NLI_HOME=<folder>, "
                "then run the same command again: finished steps are kept."
            )
        if isinstance(cause, PermissionError):
            return (
                f"No permission for {cause.filename}. Give this user access to it, "
                "or put data and stores elsewhere with NLI_HOME=<folder>."
            )
        if isinstance(cause, ValueError) and (names := _absent_parameters(cause)):
            return (
                f"No conf/*/parameters_*.yml of this environment has {', '.join(names)}. Put it "
                "back; every name and default stands in docs/reference/parameters.md."
            )
        if isinstance(cause, FORESEEN) and _raised_by_us(cause):
            return str(cause)
    if unreachable := next(filter(_is_connection, _chain(error)), None):
        return (
            f"The MLflow server cannot be reached: {first_line(unreachable)}. Check "
            "MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI (unset: the embedded store), "
            "and that the server is running."
        )
    return None


def first_line(error: BaseException) -> str:
    """What an error says, short enough to stand in a sentence; its kind where it says nothing."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _absent_parameters(error: ValueError) -> list[str]:
    """Parameters that Kedro's runner looked for in vain."""
    inputs = re.match(r"Pipeline input\(s\) \{(.*?)\} not found in the", str(error))
    return sorted(re.findall(r"'params:([\w.]+)'", inputs[1])) if inputs else []


def _raised_by_us(error: BaseException) -> bool:
    """Whether our own code raised it: its message then was written for the user.

    A bundle runs its own copy of that code, in modules named after their files.
    """
    modules = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    ours = ("nli_lifecycle.", "nli_bundle_", "nli_inference_")
    return bool(modules) and modules[-1].startswith(ours)


def _is_connection(error: BaseException) -> bool:
    text = str(error)
    return isinstance(error, (ConnectionError, MlflowException)) and (
        "Max retries exceeded" in text or "Connection" in text or "refused" in text
    )


def _parameters(error: ParameterValidationError) -> str:
    """Kedro's text without its headline and pydantic's links, and where to look."""
    lines = str(error).splitlines()[1:]
    said = [line for line in lines if "errors.pydantic.dev" not in line]
    return "\n".join(
        ["These parameters are not valid:", *said]
        + ["Correct them in conf/*/parameters_*.yml or after --params; every name, meaning and"]
        + ["unit stands in docs/reference/parameters.md."]
    )
