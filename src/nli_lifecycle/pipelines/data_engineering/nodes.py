"""Nodes of data_engineering: read, remove duplicates, split, identify, report."""

from __future__ import annotations

import logging

import pandas as pd
from plotly.graph_objects import Figure
from tqdm import tqdm

from nli_lifecycle.datasets.source import RawFolder
from nli_lifecycle.nli.data import duplicates, landing, splitting
from nli_lifecycle.nli.data.pairs import FINGERPRINT_COLUMNS
from nli_lifecycle.nli.data.quality import DataReport, describe_data
from nli_lifecycle.parameters import DataParameters
from nli_lifecycle.pipelines.data_engineering import plots

logger = logging.getLogger(__name__)


def read_pairs(
    raw: RawFolder, source: str, source_path: str | None, parameters: DataParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a source: validate and normalise every row, and set aside what is no pair.

    Args:
        raw: the environment's raw folder.
        source: name of the source.
        source_path: file or glob; None for the source's files in the raw folder.
        parameters: how to read and what to accept.

    Returns:
        The landed pairs, and the rows that cannot be used with their reasons.

    Raises:
        DataError: when the source cannot be used.
    """
    rows = raw.rows(source, source_path, parameters.options)
    with tqdm(rows, desc="Reading", unit=" rows", delay=3, disable=None, leave=False) as progress:
        landed, unusable = landing.land_pairs(progress, source, parameters)
    logger.info(
        "%s: %s rows read, %s unusable.", source, f"{len(landed) + len(unusable):,}", len(unusable)
    )
    return landed, unusable


def remove_duplicates(
    landed: pd.DataFrame, unusable: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep each pair once; quarantine repeated and contradictory ones with the unusable rows.

    Args:
        landed: landed pairs.
        unusable: rows already set aside.

    Returns:
        The distinct pairs, and the whole quarantine.
    """
    distinct, repeated = duplicates.remove_duplicates(landed)
    return distinct, pd.concat([unusable, repeated], ignore_index=True)


def split_pairs(
    distinct: pd.DataFrame, parameters: DataParameters
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Divide the pairs into train, validation and test.

    Args:
        distinct: landed pairs without duplicates.
        parameters: shares of the splits.

    Returns:
        Training, validation and test pairs.

    Raises:
        DataError: when a split that should have rows has none, or train lacks a label.
    """
    frames = splitting.split_pairs(distinct, parameters.splits)
    shared = splitting.shared_premises(frames)
    if shared:
        logger.info("The official splits share %s premises.", f"{shared:,}")
    return frames["train"], frames["validation"], frames["test"]


def identify(
    train: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame
) -> tuple[pd.DataFrame, str]:
    """List what identifies each pair, and compute what identifies them all.

    Args:
        train: training pairs.
        validation: validation pairs.
        test: test pairs.

    Returns:
        A frame of ``fingerprint``, ``premise_fingerprint`` and ``split``, and the data version.
    """
    frames = {"train": train, "validation": validation, "test": test}
    fingerprints = [frame[FINGERPRINT_COLUMNS].assign(split=name) for name, frame in frames.items()]
    return pd.concat(fingerprints, ignore_index=True), splitting.data_version(frames)


def report_data(
    raw: RawFolder,
    landed: pd.DataFrame,
    unusable: pd.DataFrame,
    distinct: pd.DataFrame,
    train: pd.DataFrame,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    quarantine: pd.DataFrame,
) -> DataReport:
    """Describe what was read and what became of it.

    Args:
        raw: the environment's raw folder.
        landed: landed pairs.
        unusable: rows that could not be used.
        distinct: landed pairs without duplicates.
        train: training pairs.
        validation: validation pairs.
        test: test pairs.
        quarantine: every row set aside.

    Returns:
        The data report.
    """
    frames = {"train": train, "validation": validation, "test": test}
    rows_read = len(landed) + len(unusable)
    return describe_data(raw.environment, rows_read, distinct, frames, quarantine)


def plot_data(report: DataReport, distinct: pd.DataFrame) -> tuple[Figure, Figure, Figure, Figure]:
    """Draw the data report.

    Args:
        report: the data report.
        distinct: the pairs it describes.

    Returns:
        Labels by split, lengths, genres, and the quarantine by reason.
    """
    return (
        plots.plot_labels(report),
        plots.plot_lengths(distinct),
        plots.plot_genres(report, distinct),
        plots.plot_quarantine(report),
    )
