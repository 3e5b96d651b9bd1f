"""Which runtime parameters make today's configuration the one that a run had."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nli_lifecycle.masking import MASK

ABSENT = object()  # not None: a parameter may be null


@dataclass(frozen=True)
class Change:
    """One parameter that is another one today.

    Attributes:
        path: its name's parts.
        was: its value in the run; ``ABSENT`` where it had none.
        now: its value in today's configuration; ``ABSENT`` where it has none.
        given: it was a runtime parameter then, too: nothing has changed since.
    """

    path: tuple[str, ...]
    was: Any
    now: Any
    given: bool = False

    @property
    def name(self) -> str:
        """The name as `--params` takes it."""
        return ".".join(self.path)

    @property
    def secret(self) -> bool:
        """Whether the run's value is blanked, so that only the user knows it."""
        return is_masked(self.was)

    @property
    def variable(self) -> str:
        """The environment variable from which a secret's value is taken."""
        return re.sub(r"\W", "_", self.name).upper()

    def __str__(self) -> str:
        if self.was is ABSENT:
            return (
                f"parameter {self.name} was not there, is {self.now!r}: take it out of conf/, "
                "as no runtime parameter can."
            )
        if self.secret:
            return f"parameter {self.name} is a secret: its value was not recorded."
        now = "is not there" if self.now is ABSENT else f"is {self.now!r}"
        return f"parameter {self.name} was {self.was!r}, {now}."


def changes(was: Any, now: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Compare parameters, secrets blanked on both sides.

    Args:
        was: the run's, nested maps.
        now: today's.
        path: where in the whole they are.

    Yields:
        One change for each leaf; a list is one leaf, as Kedro replaces it whole.
    """
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in [*was, *(key for key in now if key not in was)]:
            yield from changes(was.get(key, ABSENT), now.get(key, ABSENT), (*path, str(key)))
    elif isinstance(was, Mapping) and was and (now is ABSENT or now is None):
        for key, value in was.items():
            yield from changes(value, ABSENT, (*path, str(key)))
    elif now is not was and (type(now) is not type(was) or now != was):
        if not _same_number(was, now):
            yield Change(path, was, now)


def overrides(
    recorded: Mapping[str, Any], given: Mapping[str, Any], today: Mapping[str, Any]
) -> list[Change]:
    """Find what must be passed to run again as before.

    Args:
        recorded: the parameters that the run's pipelines took in.
        given: the run's runtime parameters, which may also steer catalog entries.
        today: the parameters of today's configuration.
    """
    passed = {change.path: change for change in changes(given, {})}
    found = [
        replace(change, given=any(change.path[: len(path)] == path for path in passed))
        for change in changes(recorded, {key: today[key] for key in recorded if key in today})
    ]
    known = {change.path for change in found}
    for path, change in passed.items():
        steers_catalog = path[0] not in recorded
        if path not in known and (steers_catalog or change.secret):
            found.append(replace(change, given=True))
    return found


def nested(changed: Iterable[Change], secrets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Make these changes' runtime parameters; what none can express is left out.

    Args:
        changed: parameters to pass.
        secrets: name → value of those that are blanked; one without a value stays blanked.
    """
    result: dict[str, Any] = {}
    for change in changed:
        if change.was is ABSENT:
            continue
        place = result
        for part in change.path[:-1]:
            place = place.setdefault(part, {})
        secret = (secrets or {}).get(change.name)
        place[change.path[-1]] = change.was if secret is None else secret
    return result


def is_masked(value: Any) -> bool:
    """Whether a secret was blanked in a value."""
    if isinstance(value, Mapping):
        return any(map(is_masked, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(is_masked, value))
    return isinstance(value, str) and MASK in value


def _same_number(one: Any, other: Any) -> bool:
    """Whether 1 became 1.0: nobody changed it. True is no number."""
    numbers = (int, float)
    return type(one) in numbers and type(other) in numbers and bool(one == other)
