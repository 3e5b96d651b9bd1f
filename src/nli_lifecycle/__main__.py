"""Entry point of the installed package: `nli-lifecycle status …`, `nli-lifecycle --env staging …`.

The first word decides: a command of `kedro lifecycle`, else the options of `kedro run`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project

from nli_lifecycle.commands.lifecycle import lifecycle


def main(*args: Any, **kwargs: Any) -> Any:
    """Run one of `kedro lifecycle`'s commands, or pipelines with `kedro run`'s options."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # a packaged run has no .telemetry file to ask
    words = [str(word) for word in (args[0] if args else sys.argv[1:])]
    if words and words[0] in lifecycle.commands:
        return lifecycle.main(words, prog_name="nli-lifecycle", **kwargs)
    package_name = Path(__file__).parent.name
    configure_project(package_name)
    return find_run_command(package_name)(*args, **kwargs)


if __name__ == "__main__":
    main()
