"""Node of evaluation that asks the inference log how the candidate answered real requests."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.shadow import ShadowEvidence, design_effect
from nli_lifecycle.lifecycle.versions import Incumbent
from nli_lifecycle.serving.log.reading import LogReader, NoLogHere
from nli_lifecycle.serving.log.traffic import sum_up

Fields = dict[str, Any]


class ShadowLogError(RuntimeError):
    """The inference log cannot be read, and the policy judges by it."""


def recall_shadow(
    candidate: ModelRef, champion: Incumbent, inference_log: object, policy: Policy
) -> Fields:
    """Sum up shadow traffic of exactly these bytes; only where the policy judges by it.

    Returns:
        Fields of ``Evidence``; none where there is no such traffic, or no log at all.

    Raises:
        ShadowLogError: there is a log, and it cannot be read, or is no database of the service's.
    """
    if policy.shadow is None or champion.ref is None:
        return {}
    if not isinstance(inference_log, LogReader):
        raise ShadowLogError(
            "The policy judges by shadow traffic, which the service writes into its own database "
            "only, and the catalog entry inference_log is a table. Take `shadow` out of the "
            "policy, or give the entry the type of conf/base/catalog_evaluation.yml."
        )
    try:
        found = sum_up(inference_log, candidate.digest, champion.ref.digest)
    except NoLogHere:
        return {}
    except SQLAlchemyError as error:
        raise ShadowLogError(
            "The policy judges by shadow traffic, and the inference log cannot be read "
            f"({type(error).__name__}). Check NLI_LOG_URL and that its database is running."
        ) from error
    if found.candidate is None or found.champion is None:
        return {}
    shadow = ShadowEvidence(
        candidate_digest=candidate.digest,
        champion_digest=champion.ref.digest,
        requests=found.requests,
        pairs=found.pairs,
        agreeing=found.agreeing,
        design_effect=design_effect(
            found.pairs,
            found.agreeing,
            found.clusters,
            found.size_squares,
            found.agreeing_squares,
            found.products,
        ),
        candidate_p99_ms=found.candidate.p99_ms,
        champion_p99_ms=found.champion.p99_ms,
    )
    return {"shadow": shadow}
