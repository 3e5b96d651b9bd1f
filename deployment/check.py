"""Check the Databricks bundle without a workspace: `python -m deployment.check`.

Every target is read as Databricks' command line does, on serverless and on classic compute. What
is found is printed, one line each; the exit code is 1 where anything is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deployment.duties import (
    check_catalog,
    check_duties,
    check_references,
    check_secrets,
    check_unused,
)
from deployment.flow import check_flow
from deployment.loading import BundleError, load, targets
from deployment.meaning import check_calls, check_release
from deployment.schema import check_schema, on_classic_compute
from deployment.tasks import check_order, check_places

#: Later ones rest on what earlier ones found in order.
STAGES = (
    (check_references, check_schema, check_order, check_secrets),
    (check_places,),
    (check_calls, check_flow, check_catalog, check_duties, check_release, check_unused),
)


def findings(folder: Path, *names: str) -> list[str]:
    """Everything that is wrong with the bundle, each with its target.

    Args:
        folder: of databricks.yml, conf/ and pyproject.toml.
        names: targets; none: all.

    Raises:
        BundleError: a file of the bundle cannot be read.
    """
    found: dict[str, None] = {}
    for target in names or targets(folder):
        serverless = load(folder, target)
        for stage in STAGES:
            variants = [serverless]
            if stage is STAGES[-1]:
                variants.append(on_classic_compute(serverless))
            said = [one for variant in variants for check in stage for one in check(variant)]
            found |= dict.fromkeys(f"{target}: {one}" for one in said)
            if said:
                break
    return list(found)


def main() -> int:
    """Print the findings of the checkout this file belongs to; 1 where there are any."""
    try:
        found = findings(Path(__file__).parents[1])
    except BundleError as error:
        found = [str(error)]
    for one in found:
        print(one, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
