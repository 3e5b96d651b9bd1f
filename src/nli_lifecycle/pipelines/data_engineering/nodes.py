"""Nodes of data_engineering: judge, remove duplicates, divide, publish. All work is lazy tables."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa

from nli_lifecycle.datasets.store import KeyedStore
from nli_lifecycle.datasets.table import StoredTable, TableDataset
from nli_lifecycle.engines.table import Engine, Table
from nli_lifecycle.nli.data import near
from nli_lifecycle.nli.data.duplicates import resolve_duplicates
from nli_lifecycle.nli.data.ingest import Ingest
from nli_lifecycle.nli.data.judging import JUDGED_FROM, judge
from nli_lifecycle.nli.data.keys import (
    SETTLED_FROM,
    foreign_signatures,
    known_keys,
    premise_rows,
    settle,
    undivided,
)
from nli_lifecycle.nli.data.outcome import OUTCOME, add_outcomes, check_outcome, count_outcome
from nli_lifecycle.nli.data.pairs import DataError
from nli_lifecycle.nli.data.schemas import (
    CLUSTERS,
    DIVIDED,
    EDGES,
    FINGERPRINTS,
    KEYS,
    SHARED_SIGNATURES,
    SIGNATURES,
    UNDIVIDED,
    VERDICTS,
    judged_schema,
    landed_schema,
)
from nli_lifecycle.nli.data.splitting import SplitRule, divide, split_rule
from nli_lifecycle.parameters import DataParameters, NearDuplicates
from nli_lifecycle.pipelines.data_engineering.landing import rows_folder

logger = logging.getLogger(__name__)

_PREMISES = pa.schema([pa.field("node", pa.int64()), pa.field("premise", pa.string())])


def judge_rows(
    engine: Engine, store: KeyedStore, ingest: Ingest, parameters: DataParameters
) -> Table:
    """Judge every landed row on its own: a pair, normalised and identified, or a reason why not.

    Args:
        engine: does the work.
        store: where landed parts are.
        ingest: the parts of the data set.
        parameters: label map and length limit.

    Returns:
        Rows with ``judged_schema``, one for each landed row.
    """
    keep = parameters.options.keep
    folders = [store.find(part.key, rows_folder(part.number)) for part in ingest.parts]
    missing = [part.name for part, folder in zip(ingest.parts, folders) if folder is None]
    if missing:
        raise DataError(
            f"{len(missing)} landed parts are gone, the first of them {missing[0]}. Run "
            "data_engineering from its beginning: what is missing is read again."
        )
    landed = engine.read([folder for folder in folders if folder], landed_schema(keep))
    function = partial(judge, parameters=parameters)
    return landed.extend(function, [*JUDGED_FROM, *keep], judged_schema(keep))


def check_rows(
    engine: Engine, judged: StoredTable, ingest: Ingest, parameters: DataParameters
) -> SplitRule:
    """Refuse a source of which too little can be used; see whether it has splits of its own.

    Args:
        engine: does the work.
        judged: what ``judge_rows`` gave.
        ingest: the parts of the data set.
        parameters: share of rows that may be unusable, and of premises in each split.

    Returns:
        How rows get their split.

    Raises:
        DataError: when there are no rows, or too many cannot be used.
    """
    names = ["position", "source", "split", "place", "reason", "detail", "excerpt"]
    rows = judged.open(engine, _some(judged_schema(()), names))
    counts = rows.map(count_outcome, OUTCOME).group("reason", add_outcomes, OUTCOME)
    outcome = add_outcomes(counts.to_pandas())
    check_outcome(outcome, ingest.rows, ingest.source, parameters)
    usable = outcome[outcome["reason"].eq("")]
    return split_rule(dict(zip(usable["value"], usable["rows"])), parameters.splits)


def sign_premises(
    engine: Engine, judged: StoredTable, rule: SplitRule, parameters: DataParameters
) -> Table:
    """Compute the MinHash signature of each distinct premise.

    Args:
        engine: does the work.
        judged: what ``judge_rows`` gave.
        rule: says that the rows were found usable; nothing else of it is used.
        parameters: whether to look for near-duplicates at all.

    Returns:
        Rows with ``SIGNATURES``; none where nobody looks.
    """
    if not parameters.near_duplicates.enabled:
        return engine.from_pandas(SIGNATURES.empty_table().to_pandas(), SIGNATURES)
    rows = judged.open(engine, _some(judged_schema(()), ["node", "premise", "reason"]))
    rows = rows.where("reason", "").select(_PREMISES.names)
    return rows.map(premise_rows, _PREMISES).group("node", near.sign_premises, SIGNATURES)


def cluster_premises(
    engine: Engine, signatures: StoredTable, parameters: DataParameters
) -> pd.DataFrame:
    """Find premises that are near each other, and near those that others trained on.

    Args:
        engine: does the work.
        signatures: what ``sign_premises`` gave.
        parameters: least similarity, and other environments' folders.

    Returns:
        Rows with ``CLUSTERS``: only premises that have a near one.

    Raises:
        DataError: another environment's signatures are not where they should be.
    """
    wanted = parameters.near_duplicates
    if not wanted.enabled:
        return near.cluster(EDGES.empty_table().to_pandas())
    premises = signatures.open(engine, SIGNATURES)
    for table in _others(engine, wanted):
        premises = premises.union(table)
    edges = near.find_near(premises, wanted.similarity)
    return near.cluster(edges.to_pandas())


def _others(engine: Engine, wanted: NearDuplicates) -> list[Table]:
    tables = []
    for place in wanted.against:
        path = Path(place).expanduser().absolute() / "premise_signatures"
        dataset = TableDataset(filepath=str(path), lazy=True)
        if not dataset.exists():
            raise DataError(
                f"data.near_duplicates.against: {path} is not there. Name another environment's "
                "03_primary folder, after its data_engineering has run."
            )
        shared = dataset.load().open(engine, SHARED_SIGNATURES)
        tables.append(shared.map(foreign_signatures, SIGNATURES))
    return tables


def remove_duplicates(
    engine: Engine, judged: StoredTable, known: StoredTable, rule: SplitRule
) -> Table:
    """Decide which of equal pairs stays.

    Args:
        engine: does the work.
        judged: what ``judge_rows`` gave.
        known: the pairs that the last run kept.
        rule: how rows get their split.

    Returns:
        Rows with ``VERDICTS``, one for each judged row that is a pair.
    """
    keys = _keys(engine, judged)
    earlier = known.open(engine, FINGERPRINTS).map(partial(known_keys, rule.key), KEYS)
    return keys.union(earlier).group("fingerprint", resolve_duplicates, VERDICTS)


def divide_pairs(
    engine: Engine,
    judged: StoredTable,
    verdicts: StoredTable,
    clusters: pd.DataFrame,
    rule: SplitRule,
    parameters: DataParameters,
) -> Table:
    """Put the pairs that stay into train, validation and test.

    Args:
        engine: does the work.
        judged: what ``judge_rows`` gave.
        verdicts: which of equal pairs stays.
        clusters: premises that are near each other.
        rule: how rows get their split.
        parameters: what becomes of premises that others trained on.

    Returns:
        Rows with ``DIVIDED``, one for each pair that stays.
    """
    rows = _keys(engine, judged).attach(verdicts.open(engine, VERDICTS), "position")
    rows = rows.attach(engine.from_pandas(clusters, CLUSTERS), "node")
    leaks = parameters.near_duplicates.leaked == "quarantine"
    function = partial(divide, rule=rule, quarantine_leaks=leaks)
    return rows.map(undivided, UNDIVIDED).group("cluster", function, DIVIDED)


def settle_rows(
    engine: Engine,
    judged: StoredTable,
    verdicts: StoredTable,
    divided: StoredTable,
    parameters: DataParameters,
) -> Table:
    """Write into every row what was decided of it.

    Args:
        engine: does the work.
        judged: what ``judge_rows`` gave.
        verdicts: which of equal pairs stays.
        divided: the splits.
        parameters: columns carried along.

    Returns:
        Rows with ``judged_schema``, one for each landed row: in a split, or with a reason.
    """
    keep = parameters.options.keep
    rows = judged.open(engine, judged_schema(keep))
    rows = rows.attach(verdicts.open(engine, VERDICTS), "position")
    rows = rows.attach(divided.open(engine, DIVIDED), "position")
    return rows.extend(settle, SETTLED_FROM, judged_schema(keep)).in_order("position")


def _keys(engine: Engine, judged: StoredTable) -> Table:
    rows = judged.open(engine, _some(judged_schema(()), [*KEYS.names, "reason"]))
    return rows.where("reason", "").select(KEYS.names)


def _some(schema: pa.Schema, names: list[str]) -> pa.Schema:
    return pa.schema([schema.field(name) for name in names])
