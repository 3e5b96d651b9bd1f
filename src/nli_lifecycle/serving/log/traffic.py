"""What the log says of a candidate's shadow answers beside the champion's to the same pairs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import Connection, Subquery, case, func, select

from nli_lifecycle.serving.log.reading import LogReader
from nli_lifecycle.serving.log.schema import INFERENCE_LOG


@dataclass(frozen=True)
class Latency:
    """How long requests took, milliseconds. The champion's begin with the request's arrival, the
    candidate's are those of its batches alone."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class ShadowTraffic:
    """Pairs that both versions answered in the same requests.

    A pair that was asked again and again counts once, in its first request: more of the same is no
    more evidence.

    Attributes:
        requests: how many both answered.
        pairs: different pairs in them.
        agreeing: pairs to which both gave the same label.
        clusters: requests that these pairs first came in.
        size_squares: sum over clusters of pairs².
        agreeing_squares: sum over clusters of agreeing pairs².
        products: sum over clusters of pairs × agreeing pairs.
        candidate: times of the candidate; None: no requests.
        champion: times of the champion in the same requests.
    """

    requests: int
    pairs: int
    agreeing: int
    clusters: int
    size_squares: int
    agreeing_squares: int
    products: int
    candidate: Latency | None
    champion: Latency | None


def sum_up(reader: LogReader, candidate: str, champion: str) -> ShadowTraffic:
    """Compare a candidate's shadow answers with the champion's; the database does it.

    Args:
        reader: of the log.
        candidate: digest whose rows with role ``shadow`` count.
        champion: digest whose rows with role ``champion`` count.

    Raises:
        NoLogHere: there is no log.
        LogSchemaError: it is of another version.
        SQLAlchemyError: the database cannot be used at the moment.
    """
    both = _both(candidate, champion)
    distinct = (
        select(
            func.min(both.c.request_id).label("request_id"), func.min(both.c.agrees).label("agrees")
        )
        .group_by(both.c.pair_hash)
        .subquery()
    )
    size, agreeing = func.count().label("size"), func.sum(distinct.c.agrees).label("agreeing")
    clusters = select(size, agreeing).group_by(distinct.c.request_id).subquery()
    n, a = clusters.c.size, clusters.c.agreeing
    sums = [func.sum(what) for what in (n, a, n * n, a * a, n * a)]
    with reader.connection() as connection:
        requests = connection.execute(select(func.count(both.c.request_id.distinct()))).scalar_one()
        found = connection.execute(select(func.count(), *sums).select_from(clusters)).one()
        count, pairs, agreed, sizes, agreements, products = (int(value or 0) for value in found)
        return ShadowTraffic(
            requests=requests,
            pairs=pairs,
            agreeing=agreed,
            clusters=count,
            size_squares=sizes,
            agreeing_squares=agreements,
            products=products,
            candidate=_latency(connection, both, "candidate_ms", requests),
            champion=_latency(connection, both, "champion_ms", requests),
        )


def _both(candidate: str, champion: str) -> Subquery:
    """One row per pair that both answered, matched by request and position."""
    ours, theirs = INFERENCE_LOG.alias("ours"), INFERENCE_LOG.alias("theirs")
    same = (ours.c.request_id == theirs.c.request_id) & (ours.c.position == theirs.c.position)
    return (
        select(
            ours.c.request_id,
            ours.c.pair_hash,
            case((ours.c.label == theirs.c.label, 1), else_=0).label("agrees"),
            ours.c.latency_ms.label("candidate_ms"),
            theirs.c.latency_ms.label("champion_ms"),
        )
        .join(theirs, same)
        .where(
            ours.c.role == "shadow",
            ours.c.digest == candidate,
            theirs.c.role == "champion",
            theirs.c.digest == champion,
            ours.c.pair_hash == theirs.c.pair_hash,
        )
        .subquery()
    )


def _latency(connection: Connection, both: Subquery, column: str, requests: int) -> Latency | None:
    if not requests:
        return None
    took = func.max(both.c[column])  # equal for all pairs of a request
    ordered = select(took).group_by(both.c.request_id).order_by(took)

    def quantile(share: float) -> Any:
        return connection.execute(ordered.limit(1).offset(ceil(share * requests) - 1)).scalar_one()

    return Latency(float(quantile(0.5)), float(quantile(0.99)))
