"""When a fall is no accident: rules over successive windows with a known rate of false alarms.

Both see one number per window: by how many standard errors its figure falls short of the
reference. CUSUM adds up what is beyond an allowance, and is the quickest for a given rate of false
alarms when a fall is sudden (Page 1954; Moustakides 1986). n of m asks for several bad windows
close together: slower, and easier to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.special import ndtr

from nli_lifecycle.monitoring.observing import Observation
from nli_lifecycle.monitoring.run_lengths import cusum_limit, n_of_m_level

Flags = npt.NDArray[np.bool_]


class DetectorSettings(BaseModel):
    """How sensitive detectors are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    false_alarms_per_1000: float = Field(4.5, gt=0, lt=500, description="quiet windows")
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
        total = max(0.0, total + seen.shortfall - seen.allowance(settings.drop))
        alarms.append(total > limit_of(seen, settings))
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
        ratio = max(ratio, seen.ratio)
        p_values.append(float(ndtr(-seen.shortfall / sqrt(1 + seen.ratio**2))))
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
    """A CUSUM's limit, in standard errors of the window; infinite: as of ``cusum_limit``."""
    allowance = seen.allowance(settings.drop)
    return cusum_limit(rounded(allowance), settings.rate, rounded(seen.ratio))


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
