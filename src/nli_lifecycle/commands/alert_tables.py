"""How alerts and actions look on a terminal, narrow or wide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

SEVERITY = {"info": "cyan", "warning": "yellow", "critical": "red"}
OUTCOME = {"done": "green", "failed": "red", "planned": "yellow", "withheld": "dim"}


def print_alerts(
    environment: str, found: Mapping[str, Any], console: Console | None = None
) -> None:
    """Print an environment's alerts, then its actions: done, due and withheld."""
    console = console or Console()
    if not found["alerts"]:
        console.print(Text.assemble((environment, "bold"), ": no alert."))
    else:
        count = sum(alert["state"] != "resolved" for alert in found["alerts"])
        console.print(Text.assemble((environment, "bold"), f" · {count} unresolved"))
        console.print(_grid([_alert(one) for one in found["alerts"]]))
    actions = [
        *(_action(one["state"], one, one["outcome"] or one["reason"]) for one in found["actions"]),
        *(_action("next", one, one["reason"]) for one in found["next"]),
        *(_withheld(one) for one in found["withheld"]),
    ]
    if actions:
        console.print(_grid(actions))
    if owed := len(found["owed"]):
        console.print(f"Messages not delivered yet: {owed}; the next round tries again.")
    console.print()


def _alert(one: Mapping[str, Any]) -> tuple[Text, Text]:
    by = f" by {one['by']}" if one["state"] == "acknowledged" else ""
    why = f": {one['reason']}" if by and one["reason"] else ""
    if one["state"] == "resolved":
        by = f": {one['by']}"
    return (
        Text(one["severity"], style=SEVERITY[one["severity"]]),
        Text.assemble(
            (one["id"], "bold"),
            f"\nversion {one['version']}, {one['state']}{by}{why}; since {_minute(one['opened'])} "
            f"UTC, fired: {one['times']}, of these in a row: {one['streak']}\n",
            one["sentence"],
        ),
    )


def _action(state: str, one: Mapping[str, Any], said: str) -> tuple[Text, Text]:
    at = f", {_minute(one['planned'])} UTC" if "planned" in one else ""
    dry = ", dry run" if one["dry_run"] else ""
    return (
        Text(state, style=OUTCOME.get(state, "")),
        Text.assemble((one["id"], "bold"), f"{at}{dry}\n{said}"),
    )


def _withheld(one: Mapping[str, Any]) -> tuple[Text, Text]:
    asked = f"{one['action']}, asked for by {', '.join(one['alerts'])}"
    return Text("withheld", style=OUTCOME["withheld"]), Text(f"{asked}\n{one['why']}")


def _grid(rows: list[tuple[Text, Text]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=8)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
