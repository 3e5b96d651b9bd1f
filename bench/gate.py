"""How often the gate errs: simulated candidates and champions whose true difference is known.

    python bench/gate.py            # 2,000 candidates at the margin; about ten minutes
    python bench/gate.py --quick    # 300; two minutes at most

Each simulated pair of models answers n labelled rows, drawn from joint probabilities of (truth,
candidate, champion): three unbalanced labels, a champion that is right on 86% of them, one model
right and the other wrong on 10%. The product's own code compares and decides, by the margins of
conf/base (accuracy 1 point, macro-F1 1.5 points, 95%); slices, stress suites and training overlap
are not simulated and switched off, minimums are met by all. For speed the bootstrap of macro-F1
takes 400 resamples instead of 2,000.

Beside it, on the same answers: "promote if the number is higher", and MLflow's
`validate_evaluation_results` asking for any relative gain, which is what it can express.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import NormalDist

import numpy as np
import yaml
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from nli_lifecycle.lifecycle.decision import decide
from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.evidence import EvaluationSet, Evidence, Method, Trust
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.standing import Standing
from nli_lifecycle.nli.metrics.comparison import compare
from nli_lifecycle.nli.metrics.measures import measure
from nli_lifecycle.nli.metrics.resampling import Resampling

PROJECT = Path(__file__).parents[1]
LABELS = np.array([0.3, 0.5, 0.2])  # shares of the true labels
CHAMPION, APART = 0.86, 0.10  # accuracy of the champion; rows on which just one model is right
SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000)
TRUTHS = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0)  # points, candidate − champion


def base_policy(**changes: object) -> Policy:
    """The comparison rules of conf/base, without what is not simulated."""
    base = yaml.safe_load((PROJECT / "conf/base/parameters_promotion.yml").read_text())["policy"]
    off = {"minimums": {"accuracy": 0.0}, "overlap": {"exact": None}, "minimum_rows": 2}
    guards = {"slices": {"margin": None}, "stress": {"margin": None}}
    return Policy.model_validate({**base, **off, **guards, **changes})


def joint(points: float, apart: float = APART) -> np.ndarray:
    """Probabilities (27,) of (truth, candidate, champion) for a true difference in points."""
    gained, lost = apart / 2 + points / 200, apart / 2 - points / 200
    both = CHAMPION - lost
    neither = 1 - both - gained - lost
    cells = np.zeros((3, 3, 3))
    for truth in range(3):
        others = [label for label in range(3) if label != truth]
        cells[truth, truth, truth] = both
        for wrong in others:
            cells[truth, truth, wrong] = gained / 2
            cells[truth, wrong, truth] = lost / 2
            for also in others:  # wrong together, they are mostly wrong alike
                cells[truth, wrong, also] = neither / 2 * (0.7 if wrong == also else 0.3)
        cells[truth] *= LABELS[truth]
    return cells.ravel() / cells.sum()


def answers(points: float, rows: int, seed: int, apart: float = APART, copies: int = 1):
    """Truth, candidate, champion, each (rows,), and clusters; of each premise `copies` rows."""
    generator = np.random.default_rng(seed)
    drawn = generator.choice(27, p=joint(points, apart), size=rows)
    clusters = None
    if copies > 1:  # half of the rows repeat the answers to their premise's first row
        clusters = np.arange(rows) // copies
        repeat = generator.random(rows) < 0.5
        drawn = np.where(repeat, drawn[clusters * copies], drawn)
    return drawn // 9, drawn // 3 % 3, drawn % 3, clusters


def judge(policy: Policy, truth, candidate, champion, clusters, seed: int) -> str:
    """The product's decision on these answers."""
    sure = 0.8 * np.eye(3) + 0.1 * (1 - np.eye(3))  # no rule looks at probabilities here
    how = Resampling(2 * policy.confidence - 1, 400, seed)
    ours, theirs = (candidate, sure[candidate]), (champion, sure[champion])
    few = Resampling(0.95, 2, seed)  # the models' own intervals are under no rule here
    trust = Trust(overlap=None, shortcut=None, temperature=1.0)
    names = [ModelRef(name="gate", version=v, digest=v * 64) for v in "12"]
    evidence = Evidence(
        environment="gate",
        candidate=names[1],
        champion=names[0],
        evaluation_set=EvaluationSet(
            fingerprint="0", rows=len(truth), premises=len(truth), source="simulated", judged=1
        ),
        policy_hash=policy.content_hash(),
        method=Method(
            confidence=0.95, bound_confidence=policy.confidence, resamples=400, seed=seed
        ),
        candidate_measures=measure(truth, *ours, few),
        champion_measures=measure(truth, *theirs, few),
        comparison=compare(truth, ours, theirs, how, clusters),
        candidate_trust=trust,
        champion_trust=trust,
    )
    standing = Standing(epoch=1, head="0" * 64, champion=evidence.champion)
    return decide(policy, evidence, standing).outcome


def mlflow_promotes(candidate: float, champion: float) -> bool:
    """MLflow's own gate, asked for any relative gain."""
    from mlflow import validate_evaluation_results
    from mlflow.models import EvaluationResult, MetricThreshold
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    results = [EvaluationResult({"accuracy": value}, {}) for value in (candidate, champion)]
    threshold = MetricThreshold(min_relative_change=1e-9, greater_is_better=True)
    try:
        validate_evaluation_results({"accuracy": threshold}, *results)
    except ModelValidationFailedException:
        return False
    return True


def one(job: tuple, policy: Policy) -> tuple[bool, bool, bool]:
    """Whether the gate, the naive rule and MLflow promote one simulated candidate."""
    points, rows, seed, apart, copies, clustered = job
    truth, candidate, champion, clusters = answers(points, rows, seed, apart, copies)
    ours, theirs = float((candidate == truth).mean()), float((champion == truth).mean())
    outcome = judge(policy, truth, candidate, champion, clusters if clustered else None, seed)
    return outcome == "promote", ours > theirs, mlflow_promotes(ours, theirs)


def rates(
    pool,
    policy: Policy,
    points: float,
    rows: int,
    count: int,
    what: str,
    *,
    apart: float = APART,
    copies: int = 1,
    clustered: bool = True,
) -> np.ndarray:
    """Shares promoted by the gate, the naive rule and MLflow, shape (3,)."""
    jobs = [(points, rows, seed, apart, copies, clustered) for seed in range(count)]
    found = pool.imap_unordered(partial(one, policy=policy), jobs, chunksize=8)
    return np.mean(list(tqdm(found, what, total=count, disable=None, leave=False)), axis=0)


def draw(curves: dict[float, list[np.ndarray]], path: Path) -> None:
    """Power against size as an SVG: one line per true difference, the naive rule dashed."""
    width, height, left, right, top, bottom = 720, 420, 56, 150, 46, 46
    colours = ("#b42318", "#d9730d", "#b58900", "#4c8c2b", "#1f7fb8", "#6f4bb2")

    def x(rows: int) -> float:
        share = math.log(rows / SIZES[0]) / math.log(SIZES[-1] / SIZES[0])
        return round(left + share * (width - left - right), 1)

    def y(rate: float) -> float:
        return round(height - bottom - rate * (height - top - bottom), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<style>text{fill:#444}line{stroke:#8884}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>",
    ]
    for rate in (0, 0.05, 0.25, 0.5, 0.75, 1):
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y(rate)}" y2="{y(rate)}"/>')
        parts.append(f'<text x="{left - 8}" y="{y(rate) + 4}" text-anchor="end">{rate:.0%}</text>')
    for rows in SIZES:
        label = f"{rows:,}"
        parts.append(
            f'<text x="{x(rows)}" y="{height - bottom + 20}" text-anchor="middle">{label}</text>'
        )
    for colour, (points, found) in zip(colours, curves.items()):
        for column, dash in ((0, ""), (1, ' stroke-dasharray="3 5" opacity=".7"')):
            line = " ".join(f"{x(rows)},{y(rate[column])}" for rows, rate in zip(SIZES, found))
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
            )
    lowest = height - bottom + 6.0  # from the lowest line up, each label clear of the one below
    for colour, (points, found) in zip(colours, curves.items()):
        place = min(y(found[-1][0]), lowest)
        lowest = place - 16
        parts.append(
            f'<text x="{width - right + 8}" y="{place + 4}" style="fill:{colour}">'
            f"truly {points:+g} points</text>"
        )
    parts.append(
        f'<text x="{(left + width - right) / 2}" y="{height - 6}" text-anchor="middle">'
        "evaluation pairs; solid: the gate, dashed: promote if the number is higher</text></svg>"
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(parts) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, print the tables, draw the curve, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer candidates, no drawing")
    quick = parser.parse_args(arguments).quick
    many, some, curve = (300, 80, 20) if quick else (2_000, 300, 100)
    policy = base_policy()
    better = base_policy(
        non_inferiority={"accuracy": None, "macro_f1": None}, superiority={"accuracy": 0.5}
    )
    with get_context("spawn").Pool(2) as pool:
        run = partial(rates, pool)
        margin = run(policy, -1.0, 10_000, many, "at the margin")
        beyond = run(policy, -3.0, 10_000, some, "2 points beyond it")
        gain = run(policy, 1.0, 10_000, some, "truly better")
        usual = run(policy, -1.0, 1_000, many, "at the margin, 1,000 rows")
        clusters = [
            run(policy, -1.0, 9_000, some, "clustered", copies=3, clustered=known)
            for known in (True, False)
        ]
        twins = run(better, 0.0, 4_906, 20, "20 twins", apart=0.08)
        more_twins = run(better, 0.0, 4_906, some, "more twins", apart=0.08)
        curves = {
            points: [run(policy, points, rows, curve, f"{points:+g}, {rows:,}") for rows in SIZES]
            for points in TRUTHS
        }
    if not quick:
        draw(curves, PROJECT / "docs/images/gate_power.svg")

    table = Table(
        "true difference", *(f"{rows:,}" for rows in SIZES), title="share promoted, gate | naive"
    )
    for points, found in curves.items():
        table.add_row(f"{points:+g}", *(f"{rate[0]:.0%} | {rate[1]:.0%}" for rate in found))
    console = Console()
    console.print(table)
    error = math.sqrt(0.05 * 0.95 / many)
    z = NormalDist().inv_cdf(0.95)
    console.print(
        f"{many:,} candidates at the margin: {margin[0]:.2%} promoted (simulation's own standard "
        f"error {error:.2%}: up to {0.05 + z * error:.2%} is what luck allows at a true 5%)."
    )
    figures = {
        "false_promotion_at_margin": margin[0],
        "false_promotion_at_minus_2": beyond[0],
        "power_plus_1_10k": gain[0],
        "naive_false_promotion": usual[1],
        "mlflow_false_promotion": usual[2],
        "false_promotion_at_margin_1k": usual[0],
        "clustered_false_promotion": clusters[0][0],
        "clustered_false_promotion_if_ignored": clusters[1][0],
        "twins_promoted_of_20": 20 * twins[0],
        "twins_promoted_rate": more_twins[0],
        "mlflow_promotes_nan": mlflow_promotes(math.nan, 0.86),
    }
    print(json.dumps({name: round(float(value), 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
