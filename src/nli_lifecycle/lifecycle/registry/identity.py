"""Who acts: what the platform says, never what a command line claims."""

from __future__ import annotations

import os

from nli_lifecycle.lifecycle.ledger.entry import LONGEST_ACTOR
from nli_lifecycle.lifecycle.versions import RegistryError


def acting(tracking_uri: str) -> str:
    """Name whoever runs this process.

    Args:
        tracking_uri: decides whose word counts.

    Returns:
        On Databricks its user; on a server with MLflow's login the user whose password the server
        checks with every request; else the operating system's user.

    Raises:
        RegistryError: Databricks does not say who this is.
    """
    if tracking_uri.startswith("databricks"):
        return _databricks_user()[:LONGEST_ACTOR]
    login = os.environ.get("MLFLOW_TRACKING_USERNAME")
    if login and tracking_uri.startswith("http"):
        return f"{login} (MLflow)"[:LONGEST_ACTOR]
    return f"{_system_user()} (system)"[:LONGEST_ACTOR]


def _databricks_user() -> str:
    try:
        from databricks.sdk import WorkspaceClient

        return str(WorkspaceClient().current_user.me().user_name)
    except Exception as error:  # the SDK raises many kinds, its absence among them
        raise RegistryError(
            f"Databricks does not say who you are: {error}. Install the extra 'databricks' and "
            "log in; releases and approvals carry the name of whoever makes them."
        ) from error


def _system_user() -> str:
    try:
        import pwd  # not getpass: that believes the environment variable LOGNAME
    except ImportError:
        return os.getlogin()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return f"uid {os.getuid()}"
