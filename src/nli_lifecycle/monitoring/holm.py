"""Many tests of one window: how sure is each once it is one of many?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nli_lifecycle.monitoring.findings import Finding


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979, Scandinavian Journal of Statistics 6: 65-70).

    The chance that any quiet figure falls below a level is at most that level, whatever the tests
    have to do with one another.

    Args:
        p_values: of all tests of one window.

    Returns:
        Corrected ones, in the same order.
    """
    values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(values) else steps
    return [float(value) for value in corrected]


def corrected(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings of one window, their p-values corrected together."""
    tested = [place for place, found in enumerate(findings) if found.p_value is not None]
    values = dict(zip(tested, holm([findings[place].p_value or 0.0 for place in tested])))
    return tuple(
        found.model_copy(update={"p_value": values[place]}) if place in values else found
        for place, found in enumerate(findings)
    )
