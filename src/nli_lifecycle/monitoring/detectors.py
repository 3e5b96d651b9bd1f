"""When a fall is no accident: rules over successive windows with a known rate of false alarms.

Both see one number per window: by how many standard errors its figure falls short of the
reference. CUSUM adds up what is beyond an allowance, and is the quickest for a given rate of false
alarms when a fall is sudden (Page 1954; Moustakides 1986). n of m asks for several bad windows close
together: slower, and easier to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.stats import norm

from nli_lifecycle.monitoring.columns import Floats
from nli_lifecycle.monitoring.estimate import mean_confidence
from nli_lifecycle.monitoring.joining import Labelled
from nli_lifecycle.monitoring.reference import Reference
from nli_lifecycle.monitoring.run_lengths import cusum_limit, n_of_m_level
from nli_lifecycle.monitoring.summary import Summary

Flags = npt.NDArray[np.bool_]


class DetectorSettings(BaseModel):
    """How sensitive detectors are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_alarms_per_1000: float = Field(4.0, gt=0, lt=500, description="quiet windows")
    drop: float = Field(
        0.05, gt=0, lt=1, description="of accuracy, to be found quickest; half of it is let pass"
    )
    n: int = Field(2, ge=1, le=12, description="bad windows that make an alarm of n of m")
    m: int = Field(3, ge=1, le=12, description="successive windows among which they are")

    @model_validator(mode="after")
    def _n_is_of_m(self) -> DetectorSettings:
        if self.n > self.m:
            raise ValueError(f"n: {self.n} of m: {self.m} windows cannot be: lower n")
        return self

    @property
    def rate(self) -> float:
        """False alarms per window."""
        return self.false_alarms_per_1000 / 1_000


@dataclass(frozen=True)
class Observation:
    """A window's figure beside its reference; all shares.

    Attributes:
        value: of the window.
        error: standard error of the value, were the window quiet.
        reference: what it should be.
        reference_error: standard error of that.
    """

    value: float
    error: float
    reference: float
    reference_error: float

    @property
    def shortfall(self) -> float:
        """In standard errors of the window."""
        return (self.reference - self.value) / self.error


def observe_estimate(summary: Summary, reference: Reference) -> Observation | None:
    """A window's mean confidence beside the reference's, or beside the accuracy of the evidence.

    Confidence beside confidence, where there is a reference's: what is a little off in calibration
    from the beginning then cancels out.

    Returns:
        None where there is nothing to compare, or no window.
    """
    if summary.pairs < 2:
        return None
    now = mean_confidence(summary)
    if reference.summary is not None and reference.summary.pairs > 1:
        before = mean_confidence(reference.summary)
        error = before.error * sqrt(reference.summary.pairs / summary.pairs)
        return Observation(now.value, max(error, TINY), before.value, before.error)
    if reference.accuracy is None:
        return None
    known = reference.accuracy.estimate, reference.accuracy_error
    return Observation(now.value, max(now.error, TINY), *known)


def observe_realised(labelled: Labelled, reference: Reference) -> Observation | None:
    """A window's realised accuracy beside that of the evidence.

    The standard error is that of a quiet window, √(p (1 − p) / n), with p at the middle of the
    evidence's interval, which is never 1.

    Returns:
        None where the evidence is not known, or there are no labels.
    """
    if reference.accuracy is None or not labelled.pairs:
        return None
    middle = (reference.accuracy.lower + reference.accuracy.upper) / 2
    error = sqrt(middle * (1 - middle) / labelled.pairs)
    value = labelled.right / labelled.pairs
    known = reference.accuracy.estimate, reference.accuracy_error
    return Observation(value, max(error, TINY), *known)


def fallen(observations: Sequence[Observation | None], settings: DetectorSettings) -> list[bool]:
    """CUSUM over successive windows of one model.

    Args:
        observations: since the release, by number of the window; None: not measured, by which
            nothing is learnt.
        settings: how sensitive.

    Returns:
        Whether each window raises an alarm; after one, counting begins anew.
    """
    total, alarms = 0.0, []
    for seen in observations:
        if seen is None:
            alarms.append(False)
            continue
        allowance = settings.drop / 2 / seen.error
        limit = limit_of(seen, settings)
        total = float(cusum_step(np.array(total), np.array(seen.shortfall), allowance))
        alarms.append(total > limit)
        total = 0.0 if alarms[-1] else total
    return alarms


def fallen_n_of_m(
    observations: Sequence[Observation | None], settings: DetectorSettings
) -> list[bool]:
    """n of m over successive windows of one model; arguments and result as of ``fallen``."""
    p_values: list[float | None] = []
    ratio = 0.0
    for seen in observations:
        if seen is None:
            p_values.append(None)
            continue
        ratio = max(ratio, seen.reference_error / seen.error)
        spread = sqrt(1 + (seen.reference_error / seen.error) ** 2)
        p_values.append(float(norm.sf(seen.shortfall / spread)))
    return drifted(p_values, settings, ratio)


def drifted(
    p_values: Sequence[float | None], settings: DetectorSettings, ratio: float = 0.0
) -> list[bool]:
    """n of m over the p-values of successive windows of one model.

    Args:
        p_values: the smallest corrected one of each window (or that of one test); None: not
            measured, by which nothing is learnt.
        settings: how sensitive.
        ratio: standard error of the reference in those of a window: √(pairs of a window / pairs
            of the reference).

    Returns:
        Whether each window raises an alarm; after one, counting begins anew.
    """
    level = n_of_m_level(settings.n, settings.m, settings.rate, rounded(ratio))
    measured = [place for place, p_value in enumerate(p_values) if p_value is not None]
    flags = np.array([p_values[place] for place in measured], dtype=np.float64) < level
    alarms = np.zeros(len(p_values), dtype=bool)
    alarms[measured] = n_of_m(flags, settings.n, settings.m)
    return [bool(alarm) for alarm in alarms]


def limit_of(seen: Observation, settings: DetectorSettings) -> float:
    """A CUSUM's limit, in standard errors of the window."""
    allowance = rounded(settings.drop / 2 / seen.error)
    return cusum_limit(allowance, settings.rate, rounded(seen.reference_error / seen.error))


def cusum_step(total: Floats, shortfall: Floats, allowance: float) -> Floats:
    """What a CUSUM adds up to after another window; any shape."""
    return np.maximum(0.0, total + shortfall - allowance)


def cusum(shortfalls: Floats, allowance: float, limit: float) -> Flags:
    """Alarms of CUSUMs over many series at once, shape (…, windows), each beginning at 0."""
    total = np.zeros(shortfalls.shape[:-1])
    alarms = np.zeros(shortfalls.shape, dtype=bool)
    for place in range(shortfalls.shape[-1]):
        total = cusum_step(total, shortfalls[..., place], allowance)
        alarms[..., place] = total > limit
        total = np.where(alarms[..., place], 0.0, total)
    return alarms


def n_of_m(flags: Flags, n: int, m: int) -> Flags:
    """Where n of the last m windows are flagged, the last one among them; shape (…, windows).

    After an alarm the flags before it are forgotten.
    """
    alarms = np.zeros(flags.shape, dtype=bool)
    recent = np.zeros((*flags.shape[:-1], m), dtype=bool)
    for place in range(flags.shape[-1]):
        recent = np.roll(recent, -1, axis=-1)
        recent[..., -1] = flags[..., place]
        alarms[..., place] = flags[..., place] & (recent.sum(axis=-1) >= n)
        recent[alarms[..., place]] = False
    return alarms


def rounded(value: float) -> float:
    """To two digits after the point: limits are computed once per such value."""
    return round(value, 2)


TINY = 1e-6  # a standard error of nothing at all, so that what never varied can be compared
