"""Nodes of batch_scoring: choose the version, land the pairs, score what is missing, report."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.engines.spark import SparkEngine
from nli_lifecycle.engines.table import Engine
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.nli.bundle import Bundle
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.scoring.answers import Stamp
from nli_lifecycle.scoring.choice import choose_release, reference
from nli_lifecycle.scoring.documents import ScoringReport
from nli_lifecycle.scoring.files import plan_files
from nli_lifecycle.scoring.landing import ROWS, land_files
from nli_lifecycle.scoring.output import open_output, portions_of
from nli_lifecycle.scoring.parameters import BatchScoringParameters
from nli_lifecycle.scoring.running import ScoreHere, Scorer, score_missing
from nli_lifecycle.scoring.tables import land_table
from nli_lifecycle.serving.head import Release
from nli_lifecycle.tracking import set_tags

logger = logging.getLogger(__name__)


def choose_model(registry: Registry, parameters: BatchScoringParameters) -> tuple[Release, Bundle]:
    """Resolve the version that scores, once, and bring its bytes, verified.

    Args:
        registry: the environment's registry.
        parameters: a version or digest, or neither: the champion by the ledger.
    """
    release = choose_release(registry, parameters)
    bundle = registry.fetch(reference(release))
    set_tags(
        {
            "scoring_model": release.model,
            "scoring_version": release.version,
            "scoring_digest": release.digest,
            "scoring_epoch": str(release.epoch),
        }
    )
    logger.info("Scoring with %s, epoch %d.", reference(release), release.epoch)
    return release, bundle


def land_pairs(
    raw: RawFolder, store: KeyedStore, engine: Engine, parameters: BatchScoringParameters
) -> Ingest:
    """Read what is to be scored, divide it into portions, and set aside what cannot be scored.

    Args:
        raw: knows the project's folder, from which relative paths start.
        store: where landed rows are; those of other inputs are removed.
        engine: reads tables of the platform's catalog.
        parameters: where the pairs are and how to read them.
    """
    if parameters.source == "table":
        ingest = land_table(engine, store, parameters)
    else:
        files = plan_files(parameters, (Path.cwd(), raw.project))
        ingest = land_files(files, store, parameters)
    store.keep_only({part.key: ROWS for part in ingest.parts})
    return ingest


def score_pairs(
    engine: Engine,
    store: KeyedStore,
    scores: KeyedStore,
    ingest: Ingest,
    release: Release,
    bundle: Bundle,
    parameters: BatchScoringParameters,
) -> ScoringReport:
    """Score the portions that are not scored yet, and account for every row.

    Args:
        engine: ``pandas``: in this process; ``spark``: by Spark's workers.
        store: where landed rows are.
        scores: where answers go, each input's and model's into a folder of its own.
        ingest: what was landed.
        release: the version that scores.
        bundle: its bytes.
        parameters: how many portions at once.
    """
    output = open_output(scores, ingest, release)
    begun = time.perf_counter()
    portions = portions_of(ingest, store)
    manifest, rows = output.manifest(portions), 0
    if manifest is None:
        stamp = Stamp(output.begun.release, output.begun.scored_at)
        score = _scorer(engine, bundle, stamp)
        rows = score_missing(portions, output, score, parameters.workers or score.workers)
        manifest = output.finish(ingest, portions, store)
    seconds = time.perf_counter() - begun
    logger.info("%s: %s rows scored in %.1f s.", output.folder, f"{rows:,}", seconds)
    return ScoringReport(
        manifest=manifest, output=str(output.folder), rows_new=rows, seconds=round(seconds, 3)
    )


def list_metrics(report: ScoringReport) -> dict[str, dict[str, float]]:
    """List a run's figures under stable names, as kedro-mlflow takes them."""
    manifest = report.manifest
    scored = manifest.rows_scored
    figures = {
        "scoring/rows_read": manifest.rows_read,
        "scoring/rows_scored": scored,
        "scoring/rows_quarantined": manifest.rows_quarantined,
        "scoring/rows_new": report.rows_new,
        "scoring/pairs_per_second": report.pairs_per_second,
        **{
            f"scoring/share_{label}": rows / scored if scored else 0.0
            for label, rows in manifest.labels.items()
        },
        **{f"scoring/quarantined_{reason}": rows for reason, rows in manifest.quarantined.items()},
    }
    return {name: {"value": float(value), "step": 0} for name, value in figures.items()}


def _scorer(engine: Engine, bundle: Bundle, stamp: Stamp) -> Scorer:
    if isinstance(engine, SparkEngine):
        from nli_lifecycle.scoring.spark import ScoreOnSpark

        return ScoreOnSpark(engine.session, bundle, stamp)
    return ScoreHere(bundle, stamp)
