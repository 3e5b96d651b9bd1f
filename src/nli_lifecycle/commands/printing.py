"""How the commands' answers look on a terminal, narrow or wide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

STYLE = {"promote": "green", "unchanged": "green", "hold": "yellow", "reject": "red"}
WIDE = 110  # columns
KIND = {"promote": "green", "rollback": "red", "freeze": "cyan", "unfreeze": "cyan"}


def print_status(found: Sequence[Mapping[str, Any]], console: Console | None = None) -> None:
    """Print one block per environment."""
    blocks = [_block(one) for one in found]
    (console or Console()).print(Group(*blocks))


def print_history(
    environment: str, entries: Sequence[Mapping[str, Any]], console: Console | None = None
) -> None:
    """Print the ledger, the newest entry last: two lines an entry where the terminal is narrow."""
    console = console or Console()
    if not entries:
        console.print(f"{environment}: nothing was released yet.")
        return
    title = f"Releases of {environment}"
    if console.width < WIDE:
        console.print(title, style="italic")
        for entry in entries:
            epoch, at, what, champion, why = _cells(entry)
            console.print(Text.assemble(f"{epoch:>4}  {at}  ", what, f"  {champion}"))
            console.print(Padding(why, (0, 0, 0, 6)))
        return
    table = Table(title=title, title_justify="left", box=None)
    for name in ("epoch", "at (UTC)", "what", "champion after it"):
        table.add_column(name, no_wrap=True, justify="right" if name == "epoch" else "left")
    table.add_column("by, why", overflow="fold")
    for entry in entries:
        table.add_row(*_cells(entry))
    console.print(table)


def _cells(entry: Mapping[str, Any]) -> tuple[str, str, Text, str, str]:
    why = f": {entry['reason']}" if entry["reason"] else ""
    return (
        str(entry["epoch"]),
        _minute(entry["at"]),
        Text(f"{entry['kind']:9}", style=KIND.get(entry["kind"], "")),
        _version(entry["to"]) if entry["to"] else "nobody",
        f"{entry['by']}{why}",
    )


def print_difference(
    versions: tuple[str, str],
    found: Mapping[str, tuple[str | None, str | None]],
    console: Console | None = None,
) -> None:
    """Print two versions side by side."""
    table = Table(box=None)
    table.add_column("")
    for version in versions:
        table.add_column(f"version {version}", overflow="fold")
    for name, values in found.items():
        table.add_row(name, *(value or "–" for value in values))
    (console or Console()).print(table)


def _block(one: Mapping[str, Any]) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_column(no_wrap=True, min_width=9)
    rows.add_column(overflow="fold")
    champion, candidate, held = one["champion"], one["candidate"], one["held"]
    if champion:
        rows.add_row("champion", f"{_version(champion)}{_figures(champion)}")
        rows.add_row(
            "",
            f"since {_minute(champion['since'])} UTC, by {champion['by']}, "
            f"epoch {champion['epoch']}",
        )
    else:
        rows.add_row("champion", "none yet")
    if candidate and (champion is None or candidate["digest"] != champion["digest"]):
        said = candidate["decision"] or "not judged yet"
        back = candidate["withdrawn"]
        rows.add_row(
            "candidate",
            Text.assemble(
                f"{_version(candidate)}{_figures(candidate)}: ",
                (said, STYLE.get(said, "")),
                f", then rolled back from: {back}" if back else "",
            ),
        )
    if held:
        rows.add_row("held", held["reasons"])
        for approval in held["approvals"]:
            reason = f": {approval['reason']}" if approval["reason"] else ""
            rows.add_row("", f"✓ approved by {approval['by']}{reason}")
        if held["rejected"]:
            rows.add_row("", f"✗ rejected by {held['rejected']}")
    if frozen := one["frozen"]:
        rows.add_row(
            Text("frozen", style="cyan"),
            f"since {_minute(frozen['since'])} UTC, by {frozen['by']}: {frozen['reason']}",
        )
    if one["fault"]:
        rows.add_row(Text("fault", style="red"), one["fault"])
    elif not one["aliases_match"]:
        rows.add_row(
            Text("aliases", style="red"),
            "do not follow the ledger: a release is under way, or they were moved by hand. "
            f"`kedro lifecycle reconcile --env {one['environment']}` puts them back.",
        )
    epoch = f" · epoch {one['epoch']}" if one["epoch"] is not None else ""
    title = Text.assemble((one["environment"], "bold"), f" · {one['model']}{epoch}")
    return Group(title, rows, "")


def _version(one: Mapping[str, Any]) -> str:
    return f"version {one['version']} ({one['digest'][:12]})"


def _figures(one: Mapping[str, Any]) -> str:
    if one.get("accuracy") is None:
        return ""
    return f", accuracy {one['accuracy']:.1%}, macro-F1 {one['macro_f1']:.3f}"


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
