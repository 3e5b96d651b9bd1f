"""How often detectors raise a false alarm, computed instead of hoped for.

Windows are independent of one another, but all are compared with the same reference, whose own
error they share: where it came out too good by luck, every window looks bad. So false alarms are
averaged over how wrong the reference may be, by Gauss-Hermite quadrature.
"""

from __future__ import annotations

from functools import lru_cache
from math import inf, pi, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from nli_lifecycle.monitoring.columns import Floats

NODES = 48  # of the integral over a CUSUM's values: enough for the highest limit
LUCKS = 15  # of the integral over the reference's error
MOST_SIGMAS = 20.0
RAREST = 1e-9  # alarms per window: with the best luck of a vague reference there would be none ever


@lru_cache(maxsize=512)
def cusum_limit(allowance: float, rate: float, ratio: float) -> float:
    """The limit at which a CUSUM alarms quiet windows at this rate.

    Args:
        allowance: by how many standard errors of a window each may fall short for nothing.
        rate: false alarms per window.
        ratio: standard error of the reference, in those of a window.

    Returns:
        In standard errors of a window; 0 where the allowance alone is strict enough, infinite
        where none is: a reference that is not known to within half the drop cannot show it.
    """

    def excess(limit: float) -> float:
        return false_alarm_rate(allowance, limit, ratio) - rate

    if excess(0.0) <= 0:
        return 0.0
    if excess(MOST_SIGMAS) > 0:
        return inf
    return float(brentq(excess, 0.0, MOST_SIGMAS, xtol=1e-4))


def false_alarm_rate(allowance: float, limit: float, ratio: float = 0.0) -> float:
    """False alarms per quiet window of a CUSUM that begins anew after each.

    The mean time to an alarm solves L(u) = 1 + L(0) Φ(k − u − μ) + ∫ L(y) φ(y + k − u − μ) dy over
    0 … h (Page 1954, Biometrika 41: 100-115), here by Gauss-Legendre quadrature (Nyström).
    """
    means, weights = _lucks(ratio)
    if limit <= 0:
        return float(ndtr(means - allowance) @ weights)
    nodes, widths = np.polynomial.legendre.leggauss(NODES)
    values = np.concatenate([[0.0], limit * (nodes + 1) / 2])
    arrive = values[None, :] + allowance - values[:, None] - means[:, None, None]
    density = np.exp(-(arrive**2) / 2) / sqrt(2 * pi)
    moves = density * np.concatenate([[0.0], limit * widths / 2])
    moves[:, :, 0] = ndtr(arrive[:, :, 0])
    system = (1 + RAREST) * np.eye(NODES + 1) - moves
    lengths = np.linalg.solve(system, np.ones((LUCKS, NODES + 1, 1)))[:, 0, 0]
    return float((1 / lengths) @ weights)


@lru_cache(maxsize=512)
def n_of_m_level(n: int, m: int, rate: float, ratio: float) -> float:
    """The p-value below which a window is flagged, so that n of m flags come at this rate.

    Args:
        n: flags that make an alarm.
        m: windows among which they are.
        rate: false alarms per window.
        ratio: standard error of the reference, in those of a window.

    Raises:
        ValueError: n is not between 1 and m, or m above 12.
    """
    if not 1 <= n <= m <= 12:
        raise ValueError(f"{n} of {m} windows: give 1 ≤ n ≤ m ≤ 12.")
    means, weights = _lucks(ratio)

    def excess(limit: float) -> float:
        rates = [_n_of_m_rate(n, m, float(share)) for share in ndtr(means - limit)]
        return float(np.array(rates) @ weights) - rate

    limit = float(brentq(excess, -8.0, MOST_SIGMAS, xtol=1e-4))
    return float(ndtr(-limit / np.sqrt(1 + ratio**2)))


def _n_of_m_rate(n: int, m: int, share: float) -> float:
    """Alarms per window when each is flagged with this chance, beginning anew after an alarm.

    Markov chain over the flags of the last m − 1 windows, as bits.
    """
    states = 1 << (m - 1)
    moves = np.zeros((states, states))
    for state in range(states):
        for flag, chance in ((0, 1 - share), (1, share)):
            if not (flag and state.bit_count() + 1 >= n):
                moves[state, ((state << 1) | flag) % states] += chance
    quiet = [state for state in range(states) if state.bit_count() < n]
    among = np.ix_(quiet, quiet)
    system = np.eye(len(quiet)) - moves[among]
    if share < 1e-9:
        return 0.0
    return float(1 / np.linalg.solve(system, np.ones(len(quiet)))[0])


def _lucks(ratio: float) -> tuple[Floats, Floats]:
    """By how much a reference may be too good, in standard errors of a window; with weights."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(LUCKS)
    return ratio * nodes, weights / weights.sum()
