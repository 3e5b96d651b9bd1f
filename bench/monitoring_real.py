"""How good the alarms are on real pairs, beside NannyML and Evidently.

    python bench/monitoring_real.py --train SICK.txt.gz --quiet SICK.txt.gz --shifted MNLI.tsv.gz
    python bench/monitoring_real.py --quick          # three quiet minutes at most

A model is fine-tuned on `--train`, with the product's own code. Traffic begins like its evaluation
set: both are drawn from `--quiet`, with replacement, a thousand pairs being kept to calibrate the
model. Then pairs of other genres come (`--shifted`), or texts are misspelt, or labels no longer
mean what they did, each so often that accuracy is 5 points lower, or throughout. Columns are what
the service logs, windows have 500 pairs, and every pair is labelled. Such streams are drawn anew
many times from the same answers, which `--cache` keeps.

Files are JSON lines or tab-separated values with premise and hypothesis (or sentence1, sentence2)
and label (or gold_label): SNLI (nlp.stanford.edu/projects/snli), its counterfactual revisions
(github.com/acmi-lab/counterfactually-augmented-data), MultiNLI (cims.nyu.edu/~sbowman/multinli); or
SICK's one file (zenodo.org/records/2787612), of which TRAIN is taken to train on, and the rest as
traffic. Without any, the folder that NLI_REAL_DATA names is looked at, else the project's sample
pairs do.

`--nannyml PYTHON` and `--evidently PYTHON` run NannyML's CBPE and Evidently's data drift on the
same windows, by interpreters that have them. The last line is one JSON object.
"""

from __future__ import annotations

import os

# Before any library reads them: one thread, and no network.
os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import argparse  # noqa: E402
import json  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any, TypeVar  # noqa: E402

import pandas as pd  # noqa: E402
from monitored import figures, rivals  # noqa: E402
from monitored.answering import cached, read_all, score, split_by_premise  # noqa: E402
from monitored.answering import train_bundle, with_typos  # noqa: E402
from monitored.measured import measure  # noqa: E402
from monitored.pool import Pool  # noqa: E402
from monitored.scenes import QUIET, Draw, Sizes, is_quiet, scenes_of  # noqa: E402
from monitored.streams import Corpus  # noqa: E402
from monitoring import PAIRS, REFERENCE_PAIRS, said  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from nli_lifecycle.nli.bundle import Bundle, open_bundle  # noqa: E402
from nli_lifecycle.nli.sample import generate  # noqa: E402

VALIDATION_PAIRS = 1_000  # of the quiet file: choose the epoch, calibrate
EPOCHS = 2  # of the training
QUICK_PAIRS = 1_536  # that --quick trains on, once
MOST, QUICK_MOST = 6_000, 2_000  # pairs of a pool
QUIET_TIMES = 4  # as many quiet streams as changed ones: false alarms are rare
#: Where the files lie in a folder of published data.
PUBLISHED = {
    "train": ["sick/SICK.txt.gz"],
    "quiet": ["sick/SICK.txt.gz"],
    "shifted": ["mnli/nyu_train_20k_tokenised.tsv.gz"],
}


T = TypeVar("T")


def read_corpus(options: argparse.Namespace) -> tuple[str, dict[str, pd.DataFrame]]:
    """The pairs to train on, of quiet traffic, and of other genres; and what they are."""
    folder = os.environ.get("NLI_REAL_DATA")
    files = {name: getattr(options, name) for name in PUBLISHED}
    if not any(files.values()) and folder:
        files = {name: [Path(folder) / file for file in PUBLISHED[name]] for name in PUBLISHED}
    if all(files.values()):
        return "real pairs", {role: read_all(paths, role) for role, paths in files.items()}
    if any(files.values()):
        raise SystemExit("Give all of --train, --quiet and --shifted, or none of them.")
    dev, prod = (pd.DataFrame(generate(name)) for name in ("dev", "prod"))
    learnt = dev["split"] == "train"
    return "sample", {"train": dev[learnt], "quiet": dev[~learnt], "shifted": prod}


def score_corpus(pairs: dict[str, pd.DataFrame], folder: Path, quick: bool) -> Corpus:
    """Train, and answer all pairs; what the folder has already is taken from there."""
    validation, quiet = split_by_premise(pairs["quiet"], VALIDATION_PAIRS)
    most = QUICK_MOST if quick else MOST
    shifted = pairs["shifted"].sample(frac=1, random_state=0)[:most]
    quiet = split_by_premise(quiet, most)[0]
    if (folder / "bundle").is_dir():
        bundle = open_bundle(folder / "bundle")
    else:
        learnt = pairs["train"].sample(frac=1, random_state=0)[: QUICK_PAIRS if quick else None]
        bundle = train_bundle(learnt, validation, 1 if quick else EPOCHS, folder)
    make = {"quiet": quiet, "typos": with_typos(quiet), "shifted": shifted}
    return Corpus(**{n: kept(folder / f"{n}.npz", bundle, some) for n, some in make.items()})


def kept(path: Path, bundle: Bundle, pairs: pd.DataFrame) -> Pool:
    return cached(path, partial(score, bundle, pairs))


def run_rival(what: str, python: str | None, measured: Callable[[str], T]) -> T | None:
    """What another tool finds; None, and why, where it cannot be asked."""
    try:
        if python is None:
            raise OSError(f"--{what} names no interpreter.")
        return measured(python)
    except (OSError, subprocess.SubprocessError) as error:
        last = str(getattr(error, "stderr", None) or error).strip().splitlines()[-1]
        Console().print(f"{what}: not measured: {last}")
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, what in (
        ("train", "pairs that the model learns from"),
        ("quiet", "pairs of quiet traffic, and of the evaluation"),
        ("shifted", "pairs of other genres"),
    ):
        parser.add_argument(f"--{name}", type=Path, nargs="+", metavar="FILE", help=what)
    parser.add_argument("--cache", type=Path, help="folder that keeps the model and its answers")
    parser.add_argument("--releases", type=int, help="streams of each change (150, quick: 10)")
    parser.add_argument("--rival-releases", type=int, help="of these, for others (15, quick: 2)")
    parser.add_argument("--nannyml", metavar="PYTHON", help="interpreter that has NannyML")
    parser.add_argument("--evidently", metavar="PYTHON", help="interpreter that has Evidently")
    parser.add_argument("--quick", action="store_true", help="brief training, few pairs, streams")
    parser.add_argument("--seed", type=int, default=13)
    options = parser.parse_args()
    quick = options.quick
    releases = options.releases or (10 if quick else 150)
    name, pairs = read_corpus(options)
    with tempfile.TemporaryDirectory(prefix="bench-real-") as folder:
        home = options.cache or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        corpus = score_corpus(pairs, home, quick)
    sizes = Sizes(PAIRS, REFERENCE_PAIRS)
    draw = Draw(corpus, sizes, scenes_of(corpus), options.seed)
    measured = {
        scene: [
            measure(draw(scene, number), sizes.pairs)
            for number in range(releases * (QUIET_TIMES if is_quiet(scene) else 1))
        ]
        for scene in draw.scenes
    }
    found = figures.of_detectors(figures.alarms_of(measured), sizes.calm)
    scenes = figures.of_scenes(measured, sizes.calm)
    result: dict[str, object] = {"corpus": name, "sizes": vars(sizes), "streams": releases}
    few = options.rival_releases or (2 if quick else 15)
    theirs = run_rival(
        "nannyml", options.nannyml, partial(rivals.compare_estimates, draw=draw, streams=few)
    )
    drifts = run_rival(
        "evidently", options.evidently, partial(rivals.drift, draw=draw, streams=few)
    )
    result |= figures.of_estimates(scenes, theirs)
    if drifts is not None:
        found |= figures.of_detectors(drifts.alarms, sizes.calm)
        result["evidently"] = {"version": drifts.version, "seconds_per_window": drifts.seconds}
    result["seconds_per_window"] = scenes[QUIET]["seconds_per_window"]
    tell(name, sizes, scenes, found)
    print(json.dumps(result | {"scenes": scenes} | found))


def tell(
    name: str, sizes: Sizes, scenes: dict[str, dict[str, float]], found: dict[str, dict[str, Any]]
) -> None:
    """Print what happened in each scene, and what each detector made of it."""
    console = Console(width=150)
    table = Table(title=f"{name}: windows of {sizes.pairs}, references of {sizes.reference:,}")
    for heading in ("scene", "accuracy", "estimated", "off by, points", "refused"):
        table.add_column(heading, justify="left" if heading == "scene" else "right")
    for scene, of in scenes.items():
        shares = f"{of['accuracy']:.1%}", f"{of['estimate']:.1%}"
        off = f"{of['estimate_error_points']:.2f}"
        table.add_row(scene, *shares, off, f"{of['refused']:.0%}")
    console.print(table)
    changes = [scene for scene in scenes if not is_quiet(scene)]
    table = Table(title="False alarms per 1,000 windows; windows to the first alarm (within 2)")
    for heading in ("detector", "false", "together", *changes):
        table.add_column(heading, justify="left" if heading == "detector" else "right")
    for detector, of in found.items():
        rates = (f"{of[f'false_alarms_per_1000{x}']:.1f}" for x in ("", "_together"))
        late = (
            f"{said(of['delay_windows'][c])} ({of['within_2_windows'][c]:.0%})" for c in changes
        )
        table.add_row(detector, *rates, *late)
    console.print(table)


if __name__ == "__main__":
    main()
