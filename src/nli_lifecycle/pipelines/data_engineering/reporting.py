"""Reporting: counts of the pairs kept, the report on them, its figures, and the contract."""


from __future__ import annotations

import logging
from functools import partial

import pandas as pd
import pyarrow as pa
from plotly.graph_objects import Figure

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.datasets.table import StoredTable
from nli_lifecycle.engines.table import Engine
from nli_lifecycle.nli.data.baseline import MOST_ROWS, thin
from nli_lifecycle.nli.data.contract import (
    VIOLATIONS,
    History,
    Version,
    check_contract,
    find_violations,
    load_checks,
    remember,
)
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.nli.data.pairs import FINGERPRINT_COLUMNS, SPLITS
from nli_lifecycle.nli.data.quality import (
    PREMISE_COUNTS,
    DataReport,
    NearReport,
    Premises,
    count_premises,
    describe_data,
)
from nli_lifecycle.nli.data.schemas import judged_schema
from nli_lifecycle.nli.data.splitting import SplitRule, check_splits
from nli_lifecycle.nli.data.tally import COUNTS, Tally, add_counts, count_pairs, tally
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering import plots
from nli_lifecycle.pipelines.data_engineering.publishing import kept_pairs, some_columns

logger = logging.getLogger(__name__)


def tally_pairs(engine: Engine, settled: StoredTable) -> Tally:
    """Count the pairs kept.

    Args:
        engine: does the work.
        settled: every row, in a split or with a reason.

    Returns:
        The counts.
    """
    names = ["premise", "hypothesis", "label", "genre", "source", "split"]
    counts = (
        kept_pairs(engine, settled, names)
        .map(count_pairs, COUNTS)
        .group("value", add_counts, COUNTS)
    )
    return tally(counts.to_pandas())


def report_data(
    raw: RawFolder,
    engine: Engine,
    settled: StoredTable,
    clusters: pd.DataFrame,
    ingest: Ingest,
    rule: SplitRule,
    version: str,
    counts: Tally,
    history: History | None,
    parameters: DataParameters,
) -> tuple[DataReport, History]:
    """Describe what was read and what became of it, and hold it against the contract.

    Args:
        raw: the environment's raw folder.
        engine: does the work.
        settled: every row, in a split or with a reason.
        clusters: premises that are near each other.
        ingest: what was landed.
        rule: how rows got their split.
        version: the data version.
        counts: counts of the pairs kept.
        history: the version of the last run; None: there was none.
        parameters: the contract, and how near-duplicates were looked for.

    Returns:
        The data report, and the history with this version in it.

    Raises:
        DataError: a split without rows, or a broken contract.
    """
    rows = settled.open(engine, some_columns(["split", "reason"]))
    aside = rows.where("split", "").map(_reasons, _REASON_COUNTS)
    reasons = aside.group("reason", _reason_sums, _REASON_COUNTS).to_pandas()
    ordered = reasons.sort_values(["rows", "reason"], ascending=[False, True])
    premises = kept_pairs(engine, settled, _PLACES.names)
    distinct = premises.group("premise_fingerprint", count_premises, PREMISE_COUNTS).to_pandas()
    totals = {split: sum(counts.labels.get(split, {}).values()) for split in SPLITS}
    shares = {split: min(1.0, MOST_ROWS / n) for split, n in totals.items() if n}
    thick = kept_pairs(engine, settled, _SAMPLE.names)
    drawn = thick.map(partial(thin, shares), _SAMPLE).in_order("position")
    report = describe_data(
        environment=raw.environment,
        source=ingest.source,
        data_version=version,
        rows_read=ingest.rows,
        quarantined={str(k): int(n) for k, n in zip(ordered["reason"], ordered["rows"])},
        tally=counts,
        premises=Premises(
            distinct=int(distinct["distinct"].sum()),
            in_several_splits=int(distinct["in_several_splits"].sum()),
        ),
        official_splits=rule.official,
        near_duplicates=_near_report(clusters, parameters),
        sample=drawn.to_pandas(),
    )
    check_splits(report.rows, report.labels, rule)
    history = remember(history, Version(data_version=version, tally=counts))
    violations = _check_values(engine, settled, parameters)
    for warning in check_contract(parameters.contract, report, history, violations):
        logger.warning("Data contract: %s.", warning)
    if report.premises_in_several_splits:
        shared = report.premises_in_several_splits
        logger.info("The official splits share %s premises.", f"{shared:,}")
    return report, history


def plot_data(report: DataReport, counts: Tally) -> tuple[Figure, Figure, Figure, Figure]:
    """Draw the data report.

    Args:
        report: the data report.
        counts: counts of the pairs it describes.

    Returns:
        Labels by split, lengths, genres, and the quarantine by reason.
    """
    return (
        plots.plot_labels(report),
        plots.plot_lengths(counts),
        plots.plot_genres(report, counts),
        plots.plot_quarantine(report),
    )


_REASON_COUNTS = pa.schema([pa.field("reason", pa.string()), pa.field("rows", pa.int64())])
_SAMPLE = pa.schema(
    [
        pa.field("position", pa.int64()),
        *(pa.field(name, pa.string()) for name in ("hypothesis", "label", "split")),
        *(pa.field(name, pa.string()) for name in FINGERPRINT_COLUMNS),
    ]
)
_PLACES = pa.schema([pa.field("premise_fingerprint", pa.string()), pa.field("split", pa.string())])


def _reasons(rows: pd.DataFrame) -> pd.DataFrame:
    return _reason_sums(rows.assign(rows=1))


def _reason_sums(counts: pd.DataFrame) -> pd.DataFrame:
    return counts.groupby("reason")["rows"].sum().reset_index()


def _check_values(engine: Engine, settled: StoredTable, parameters: DataParameters) -> pd.DataFrame:
    checks, keep = parameters.contract.checks, parameters.options.keep
    if checks is None:
        return pd.DataFrame(columns=VIOLATIONS.names)
    load_checks(checks)  # here, where an error is easily read, before the workers do
    pairs = kept_pairs(engine, settled, judged_schema(keep).names, keep)
    return pairs.map(partial(find_violations, checks), VIOLATIONS).to_pandas()


def _near_report(clusters: pd.DataFrame, parameters: DataParameters) -> NearReport | None:
    if not parameters.near_duplicates.enabled:
        return None
    sizes = clusters["cluster"].value_counts()
    return NearReport(
        similarity=parameters.near_duplicates.similarity,
        premises=len(clusters),
        clusters=len(sizes),
        largest=int(sizes.max()) if len(sizes) else 0,
        leaked=int(clusters["leaked"].sum()),
    )
