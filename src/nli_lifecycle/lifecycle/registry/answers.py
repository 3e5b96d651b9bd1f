"""What a store's answers mean: which error is no error, and the others in words to act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from requests import RequestException

from nli_lifecycle.lifecycle.versions import RegistryError


@contextmanager
def already_there_is_fine() -> Iterator[None]:
    """Swallow the refusal to make what another process has just made."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


@contextmanager
def already_gone_is_fine() -> Iterator[None]:
    """Swallow the refusal to delete what another process has just deleted."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn the store's errors into one message that says what could not be done."""
    try:
        yield
    except (MlflowException, RequestException) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        said = " ".join(lines if lines[0].endswith(":") else lines[:1])
        raise RegistryError(
            f"Cannot {doing}: {said[:400]}. Check that the store behind MLFLOW_TRACKING_URI "
            "and MLFLOW_REGISTRY_URI (unset: the embedded one) is reachable and writable, "
            "then run again."
        ) from error
