"""What of a run is different today, in plain lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nli_lifecycle.replay.overrides import Change
from nli_lifecycle.replay.record import Code, Record


@dataclass(frozen=True)
class Today:
    """What the same run would meet today.

    Attributes:
        code: of this checkout.
        places: sha256 of globals and catalog, under the run's parameters.
        home: NLI_HOME, or what stands in for it.
        data_version: of the data as they lie there; None: there are none.
        files: a line per raw file that is gone or has other content.
    """

    code: Code
    places: str
    home: str
    data_version: str | None
    files: tuple[str, ...]


def differences(
    record: Record, data_version: str | None, today: Today, changed: Sequence[Change]
) -> list[str]:
    """List what differs, a sentence each.

    Args:
        record: what the run says.
        data_version: what the run used or made; None: nothing.
        today: what there is now.
        changed: parameters to pass; those that were given then are no difference.
    """
    lines = [_sentence(str(change)) for change in changed if not change.given]
    if data_version and today.data_version and data_version != today.data_version:
        lines.append(f"Data version was {data_version[:12]}, is {today.data_version[:12]}.")
    if data_version and not today.data_version:
        lines.append(f"Data version was {data_version[:12]}, there are no data now.")
    lines += today.files
    lines += code_differences(record.code, today.code)
    for name, was in record.code.libraries.items():
        now = today.code.libraries.get(name, "absent")
        if now != was:
            lines.append(f"{name} was {was}, is {now}.")
    if record.home != today.home:
        lines.append(f"NLI_HOME was {record.home}, is {today.home}.")
    elif record.places != today.places:
        lines.append("Globals or catalog differ: where things lie, or how they are stored.")
    return lines


def code_differences(was: Code, now: Code) -> list[str]:
    """List what differs in what would run: while anything does, a replay is another experiment."""
    lines = []
    if was.git_sha and now.git_sha and was.git_sha != now.git_sha:
        lines.append(f"Git commit was {was.git_sha[:12]}, is {now.git_sha[:12]}.")
    if was.version != now.version:
        lines.append(
            f"Code that makes a model was version {was.version[:12]}, is {now.version[:12]}."
        )
    elif was.source != now.source:
        lines.append("Code differs, though not what makes a model.")
    if lines and was.git_dirty:
        lines.append("The run had changes that no commit holds: its commit alone is not its code.")
    return lines


def results(was: dict[str, str], now: dict[str, str], names: dict[str, str]) -> list[str]:
    """Compare what a run and its replay made.

    Args:
        was: the run's tags.
        now: the replay's.
        names: tags to compare, and what to call them.
    """
    lines = []
    for tag, name in names.items():
        one, other = was.get(tag), now.get(tag)
        if one is None and other is None:
            continue
        if one == other:
            lines.append(f"{_sentence(name)} {one[:12] if one else ''}: the same.")
        else:
            shown = [value[:12] if value else "not recorded" for value in (one, other)]
            lines.append(f"{_sentence(name)} differs: was {shown[0]}, is {shown[1]}.")
    return lines


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
