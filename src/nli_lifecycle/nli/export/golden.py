"""Golden probes: fixed pairs of our own whose answers travel with a model and prove it unharmed.

They are ours, never a user's: a bundle must not carry anybody's texts.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

from nli_lifecycle.nli.inference import Classifier

#: How far an answer may be from the recorded one, per precision. Float answers differ between
#: processors and kernels in the last digits only. In int8 such a digit can move an activation by
#: one rounding step: at most 0.009 in 600 real pairs, 0.0006 in the probes. A wrong tokenizer,
#: label order or weight moves some probe by tenths.
TOLERANCES = {"float32": 1e-3, "int8": 0.02}

_SCENES = (
    (
        "A woman in a yellow coat is walking two dogs along the river.",
        "Somebody is outdoors with animals.",
        "The woman is on her way home.",
        "Nobody is near the water.",
    ),
    (
        "All of the apprentices finished their shift before noon.",
        "No apprentice was still working in the afternoon.",
        "The apprentices had lunch together.",
        "Some apprentices did not finish until the evening.",
    ),
    (
        "The committee rejected the plan because it cost more than three million.",
        "The plan was turned down.",
        "A cheaper plan will be approved next year.",
        "The plan was free of charge.",
    ),
    (
        "Zoë’s café isn’t open on Sundays – not even in summer.",
        "On Sundays the café is closed.",
        "Zoë sells ice cream in summer.",
        "One can have breakfast at Zoë’s every Sunday.",
    ),
    (
        "Fewer than ten of the forty seats were taken when the train left.",
        "Most seats were empty at departure.",
        "The train was late.",
        "The train left with every seat taken.",
    ),
    (
        "The boy gave his sister the larger half of the orange.",
        "The girl was given a piece of fruit by her brother.",
        "The girl is older than the boy.",
        "The boy kept the whole orange for himself.",
    ),
    (
        "It had been raining all night. " * 60 + "In the morning the sky was clear.",  # is long
        "There was rain.",
        "The fields were flooded.",
        "It was a dry night.",
    ),
    ("Stop!", "Stop!", "", "Go on."),
)


def probe_pairs(count: int) -> list[tuple[str, str]]:
    """Choose probes: first each scene with its own hypotheses, then scenes with others'.

    Args:
        count: number of probes wanted.

    Returns:
        ``count`` distinct pairs (premise, hypothesis), always the same ones.

    Raises:
        ValueError: when there are not that many.
    """
    scenes = range(len(_SCENES))
    every = (
        (_SCENES[scene][0], _SCENES[(scene + shift) % len(_SCENES)][kind])
        for shift in scenes
        for kind in (1, 2, 3)
        for scene in scenes
    )
    pairs = list(islice(every, count))
    if len(pairs) < count:
        raise ValueError(f"golden_probes is {count}, but there are only {len(pairs)} probes.")
    return pairs


def record_golden(payload: Path, count: int, precision: str) -> None:
    """Write golden.json: what the payload's own classifier answers here and now.

    Args:
        payload: folder with the model, tokenizer and settings.
        count: number of probes.
        precision: 'int8' or 'float32'; decides the tolerance.
    """
    premises, hypotheses = zip(*probe_pairs(count))
    # One thread: a fixed order of additions, whatever this machine has.
    classifier = Classifier.load(payload, threads=1, verify=False)
    answers = classifier.predict_proba(premises, hypotheses)
    probes = [
        {"premise": premise, "hypothesis": hypothesis, "probabilities": [round(p, 6) for p in row]}
        for premise, hypothesis, row in zip(premises, hypotheses, answers.tolist())
    ]
    golden = {"tolerance": TOLERANCES[precision], "probes": probes}
    text = json.dumps(golden, indent=1, ensure_ascii=False) + "\n"
    (payload / "golden.json").write_text(text, encoding="utf-8")
