"""Publishing: the splits, the quarantine, and what identifies them."""

from __future__ import annotations

from functools import partial

import pyarrow as pa

from nli_lifecycle.datasets.table import StoredTable
from nli_lifecycle.engines.table import Engine, Table
from nli_lifecycle.nli.data.keys import (
    bucket_rows,
    name_rule,
    own_signatures,
    share_signatures,
    trained_premises,
)
from nli_lifecycle.nli.data.pairs import FINGERPRINT_COLUMNS, SPLITS
from nli_lifecycle.nli.data.schemas import (
    BUCKETED,
    FINGERPRINTS,
    PREMISE_SIGNATURES,
    QUARANTINE,
    SHARED_SIGNATURES,
    SIGNATURES,
    judged_schema,
    pair_schema,
)
from nli_lifecycle.nli.data.splitting import BUCKET_DIGESTS, SplitRule, data_version, digest_buckets
from nli_lifecycle.parameters import DataParameters


def publish(
    engine: Engine, settled: StoredTable, parameters: DataParameters
) -> tuple[Table, Table, Table, Table]:
    """Take the splits and the quarantine out of the settled rows.

    Args:
        engine: does the work.
        settled: every row, in a split or with a reason.
        parameters: columns carried along.

    Returns:
        Training, validation and test pairs, and the quarantine, each in the order read.
    """
    keep = parameters.options.keep
    rows = settled.open(engine, judged_schema(keep))
    train, validation, test = (
        rows.where("split", split).in_order("position").select(pair_schema(keep).names)
        for split in SPLITS
    )
    aside = rows.where("split", "").in_order("position").select(QUARANTINE.names)
    return train, validation, test, aside


def identify(
    engine: Engine,
    settled: StoredTable,
    signatures: StoredTable,
    rule: SplitRule,
    parameters: DataParameters,
) -> tuple[Table, Table, str]:
    """List what identifies each pair and each premise, and compute what identifies them all.

    Args:
        engine: does the work.
        settled: every row, in a split or with a reason.
        signatures: MinHash signatures of the premises.
        rule: how rows got their split.
        parameters: whether premises were signed.

    Returns:
        Rows with ``FINGERPRINTS``, rows with ``SHARED_SIGNATURES``, and the data version.
    """
    pairs = kept_pairs(engine, settled, ["node", *FINGERPRINT_COLUMNS, "label", "split"])
    fingerprints = pairs.extend(partial(name_rule, rule.key), ["label"], FINGERPRINTS)
    premises = signatures.open(engine, SIGNATURES).map(own_signatures, PREMISE_SIGNATURES)
    if parameters.near_duplicates.enabled:
        premises = pairs.map(trained_premises, PREMISE_SIGNATURES).union(premises)
    shared = premises.group("node", share_signatures, SHARED_SIGNATURES)
    buckets = pairs.extend(bucket_rows, ["fingerprint"], BUCKETED).group(
        "bucket", digest_buckets, BUCKET_DIGESTS
    )
    return fingerprints, shared, data_version(buckets.to_pandas())


def kept_pairs(
    engine: Engine, settled: StoredTable, names: list[str], keep: tuple[str, ...] = ()
) -> Table:
    """The rows that are kept, with these columns."""
    columns = some_columns(list(dict.fromkeys([*names, "reason"])), keep)
    return settled.open(engine, columns).where("reason", "").select(names)


def some_columns(names: list[str], keep: tuple[str, ...] = ()) -> pa.Schema:
    schema = judged_schema(keep)
    return pa.schema([schema.field(name) for name in names])
