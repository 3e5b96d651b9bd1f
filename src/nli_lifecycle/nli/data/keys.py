"""The narrow rows on which duplicates, clusters and splits are decided."""

from __future__ import annotations

import pandas as pd

from nli_lifecycle.nli.data.pairs import premise_nodes
from nli_lifecycle.nli.data.quarantine import pair_excerpt
from nli_lifecycle.nli.data.splitting import BUCKET_DIGITS


def known_keys(rule: str, fingerprints: pd.DataFrame) -> pd.DataFrame:
    """Say which pairs an earlier run put into a split by the same rule.

    Args:
        rule: key of the rule.
        fingerprints: rows with ``FINGERPRINTS``.

    Returns:
        Rows with ``KEYS``, of position -1.
    """
    known = fingerprints[fingerprints["rule"].eq(rule)]
    nodes = premise_nodes(known["premise_fingerprint"])
    return known.assign(position=-1, node=nodes, place="", source="")


def undivided(keys: pd.DataFrame) -> pd.DataFrame:
    """Take the rows that stay.

    Args:
        keys: ``KEYS``, with what was found out of each row: ``verdict``, ``known``, ``cluster``
            and ``leaked``, the last two null where no premise is near.

    Returns:
        Rows with ``UNDIVIDED``.
    """
    rows = keys[keys["verdict"].eq("")]
    return rows.assign(
        cluster=rows["cluster"].where(rows["cluster"].notna(), rows["node"]).astype("int64"),
        leaked=rows["leaked"].where(rows["leaked"].notna(), 0).astype("int8"),
        official=rows["split"],
    )


#: What ``settle`` looks at.
SETTLED_FROM = ["premise", "hypothesis", "reason", "detail", "excerpt", "assigned"]
SETTLED_FROM += ["verdict", "verdict_detail", "split_reason", "split_detail"]


def settle(rows: pd.DataFrame) -> pd.DataFrame:
    """Write into judged rows what was decided of them.

    Args:
        rows: ``SETTLED_FROM`` of judged rows, with ``VERDICTS`` and ``DIVIDED`` of those that
            are pairs.

    Returns:
        As many rows: ``split`` is the one assigned, and empty for those set aside; ``reason``,
        ``detail`` and ``excerpt`` say why.
    """
    settled = rows[["reason", "detail", "excerpt"]].assign(split=rows["assigned"].fillna(""))
    for why, what in (("verdict", "verdict_detail"), ("split_reason", "split_detail")):
        late = rows.loc[rows[why].notna() & rows[why].ne("")]
        settled.loc[late.index, "reason"] = late[why]
        settled.loc[late.index, "detail"] = late[what]
        settled.loc[late.index, "excerpt"] = [
            pair_excerpt(premise, hypothesis)
            for premise, hypothesis in zip(late["premise"], late["hypothesis"])
        ]
    return settled


def name_rule(rule: str, pairs: pd.DataFrame) -> pd.DataFrame:
    """Name the rule that put pairs into their splits: ``rule`` of ``FINGERPRINTS``."""
    return pd.DataFrame({"rule": rule}, index=pairs.index)


def premise_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take the distinct premises of a batch of pairs: ``node`` and ``premise``."""
    return pairs.drop_duplicates("node")


def foreign_signatures(shared: pd.DataFrame) -> pd.DataFrame:
    """Take the premises that another environment trained on.

    Args:
        shared: its rows with ``SHARED_SIGNATURES``.

    Returns:
        Rows with ``SIGNATURES``.
    """
    trained = shared[shared["trained"].eq(1)]
    nodes = premise_nodes(trained["premise_fingerprint"])
    return trained.assign(node=nodes, foreign=1, other=-1)


def trained_premises(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take the premises of pairs kept, and whether they are trained or validated on.

    Returns:
        Rows with ``PREMISE_SIGNATURES``, without signatures.
    """
    trained = pairs["split"].isin(["train", "validation"]).astype("int8")
    rows = pairs[["node", "premise_fingerprint"]].assign(trained=trained).drop_duplicates()
    return rows.assign(signature=None)


def own_signatures(signatures: pd.DataFrame) -> pd.DataFrame:
    """Take signatures as rows with ``PREMISE_SIGNATURES``."""
    return signatures.assign(premise_fingerprint=None, trained=0)


def share_signatures(rows: pd.DataFrame) -> pd.DataFrame:
    """Make the signatures that other environments may see.

    Args:
        rows: rows with ``PREMISE_SIGNATURES``, all of each ``node``.

    Returns:
        Rows with ``SHARED_SIGNATURES``, one for each premise kept.
    """
    signatures = rows.dropna(subset="signature").drop_duplicates("node").set_index("node")
    premises = rows.dropna(subset="premise_fingerprint").sort_values("trained", ascending=False)
    premises = premises.drop_duplicates("premise_fingerprint")
    premises = premises[premises["node"].isin(signatures.index)]
    found = signatures.loc[premises["node"], "signature"].to_numpy()
    return premises.assign(signature=found)


def bucket_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    """Gather pairs by the first digits of their fingerprints, to digest them.

    Returns:
        ``bucket`` of ``BUCKETED``.
    """
    return pd.DataFrame({"bucket": pairs["fingerprint"].str[:BUCKET_DIGITS]})
