"""Entry point of the installed package: `nli-lifecycle --env staging …`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*args: Any, **kwargs: Any) -> Any:
    """Run pipelines with `kedro run`'s options."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # a packaged run has no .telemetry file to ask
    package_name = Path(__file__).parent.name
    configure_project(package_name)
    return find_run_command(package_name)(*args, **kwargs)


if __name__ == "__main__":
    main()
