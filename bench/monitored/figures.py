"""From windows of many streams to figures: false alarms, delays, errors of estimates."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from monitored.measured import Measured
from monitored.scenes import FIVE, QUIET, TOGETHER, is_quiet
from monitoring import delay, first_alarms

#: By scene and detector, whether each window of each stream raises an alarm.
Alarms = dict[str, dict[str, list[list[bool]]]]


def alarms_of(measured: dict[str, list[Measured]]) -> Alarms:
    """The alarms of all streams."""
    return {
        scene: {name: [one.alarms[name] for one in some] for name in some[0].alarms}
        for scene, some in measured.items()
    }


def of_detectors(alarms: Alarms, calm: int) -> dict[str, dict[str, Any]]:
    """Of each detector: false alarms, and windows up to the first alarm after each change.

    Args:
        alarms: by scene and detector.
        calm: windows before the change.
    """
    found: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"delay_windows": {}, "within_2_windows": {}}
    )
    for scene, detectors in alarms.items():
        for name, raised in detectors.items():
            if is_quiet(scene):
                suffix = "_together" if scene == TOGETHER else ""
                rate = round(1_000 * float(np.mean(raised)), 2)
                found[name][f"false_alarms_per_1000{suffix}"] = rate
                continue
            after = [row[calm:] for row in raised]
            found[name]["delay_windows"][scene] = delay(after)
            soon = np.array(after).any(axis=1) & (first_alarms(after) <= 2)
            found[name]["within_2_windows"][scene] = round(float(soon.mean()), 3)
    for detector in found.values():
        detector["delay_windows_5pt"] = detector["delay_windows"].get(f"genres, {FIVE}")
    return dict(found)


def of_scenes(measured: dict[str, list[Measured]], calm: int) -> dict[str, dict[str, float]]:
    """Of each scene's changed windows: true accuracy, the estimate, its error, its refusals."""
    found = {}
    for scene, some in measured.items():
        begin = 0 if is_quiet(scene) else calm
        accuracy = np.array([one.accuracy[begin:] for one in some])
        estimated = np.array([one.estimated[begin:] for one in some])
        refused = np.array([one.refused[begin:] for one in some])
        found[scene] = {
            "accuracy": round(float(accuracy.mean()), 4),
            "estimate": round(float(estimated.mean()), 4),
            "estimate_error_points": round(100 * float(np.abs(estimated - accuracy).mean()), 2),
            "refused": round(float(refused.mean()), 4),
            "refused_first": round(float(refused[:, 0].mean()), 4),
            "refused_last": round(float(refused[:, -1].mean()), 4),
            "windows": accuracy.size,
            "seconds_per_window": round(float(np.mean([one.seconds for one in some])), 4),
        }
    return found


def of_estimates(
    scenes: dict[str, dict[str, float]], theirs: tuple[str, dict[str, tuple[float, float]]] | None
) -> dict[str, Any]:
    """Errors where confidence can tell: in quiet windows, and where accuracy fell by 5 points.

    Args:
        scenes: of all streams.
        theirs: NannyML's version; its errors and ours on the same windows, by scene.
    """
    judged = [QUIET, *(scene for scene in scenes if FIVE in scene and "labels" not in scene)]
    if theirs is None:
        ours = [scenes[scene]["estimate_error_points"] for scene in judged]
        return {
            "estimate_error_points": round(float(np.mean(ours)), 3),
            "nannyml_error_points": None,
        }
    version, errors = theirs
    both = np.array([errors[scene] for scene in judged]).mean(axis=0)
    return {
        "estimate_error_points": round(float(both[1]), 3),
        "nannyml_error_points": round(float(both[0]), 3),
        "nannyml": {"version": version, "error_points_theirs_ours": errors},
    }
