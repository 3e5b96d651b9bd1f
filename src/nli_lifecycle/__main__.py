"""Entry point of the installed package: `nli-lifecycle status …`, `nli-lifecycle --env staging …`.

The first word decides: a word is a command of `kedro lifecycle`, an option one of `kedro run`.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any


def main(*args: Any, **kwargs: Any) -> Any:
    """Run one of `kedro lifecycle`'s commands, or pipelines with `kedro run`'s options."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # a packaged run has no .telemetry file to ask
    words = [str(word) for word in (args[0] if args else sys.argv[1:])]
    if words and not words[0].startswith("-"):
        logging.disable(logging.INFO)  # else importing Kedro prints which logging it uses
        from nli_lifecycle.commands.lifecycle import lifecycle

        return lifecycle.main(words, prog_name="nli-lifecycle", **kwargs)
    from kedro.framework.cli.utils import find_run_command
    from kedro.framework.project import configure_project

    package_name = Path(__file__).parent.name
    configure_project(package_name)
    return find_run_command(package_name)(*args, **kwargs)


if __name__ == "__main__":
    main()
