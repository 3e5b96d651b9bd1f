"""Runs that filed what evaluation and promotion file, on whatever registry a test uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from ready_evidence import POLICY, around, evidence

from nli_lifecycle.lifecycle.decision import Decision, decide
from nli_lifecycle.lifecycle.evidence import Evidence
from nli_lifecycle.lifecycle.memory import InMemoryRegistry
from nli_lifecycle.lifecycle.policy import Policy
from nli_lifecycle.lifecycle.projection import located
from nli_lifecycle.lifecycle.registry import Registry
from nli_lifecycle.lifecycle.release import ReleaseRecord, release
from nli_lifecycle.lifecycle.settling import settle
from nli_lifecycle.lifecycle.standing import take_standing
from nli_lifecycle.monitoring.summary import Summary
from nli_lifecycle.pipelines.monitoring.reference import ANSWERS, DECISION, EVIDENCE


def file_run(registry: Registry, tags: Mapping[str, str], files: Mapping[str, str]) -> str:
    """A finished run of the environment with these tags, that filed these artifacts."""
    if isinstance(registry, InMemoryRegistry):
        run = f"run{len(registry.run_files)}"
        registry.run_files[run] = {path: text.encode() for path, text in files.items()}
        registry.run_tags[run] = dict(tags)
        return run
    experiment = registry.client.get_experiment_by_name(registry.experiment)
    run = registry.client.create_run(experiment.experiment_id, tags=dict(tags)).info.run_id
    for path, text in files.items():
        registry.client.log_text(run, text, path)
    registry.client.set_terminated(run)
    return run


def measured(registry: Registry, accuracy: float = 0.85, policy: Policy = POLICY) -> Evidence:
    """Evidence about the candidate, against whoever is champion."""
    champion = located(registry, settle(registry).history.champion)
    found = evidence(champion=champion, policy=policy, accuracy=around(accuracy))
    candidate = registry.alias("candidate")
    return found.model_copy(update={"candidate": candidate, "environment": registry.environment})


def answers(about: Evidence, text_rows: int = 3, pairs: int = 0) -> str:
    """What evaluation files for monitoring, as JSON."""
    return json.dumps(
        {
            "evidence_hash": about.content_hash(),
            "digest": about.candidate.digest,
            "summary": replace(Summary.empty(), pairs=pairs).to_json(),
            "texts": [[1.5, 2.5, 0.25, 0.5, 0.0, 0.0]] * text_rows,
        }
    )


def evaluated(registry: Registry, about: Evidence, *, with_answers: bool = True) -> str:
    """A run that filed the evidence."""
    files = {EVIDENCE: about.model_dump_json()}
    if with_answers:
        files[ANSWERS] = answers(about)
    tags = {"evidence_hash": about.content_hash(), "digest": about.candidate.digest}
    return file_run(registry, tags, files)


def released(registry: Registry, about: Evidence, policy: Policy = POLICY) -> ReleaseRecord:
    """Decide on the evidence, in a run of its own, and carry the decision out."""
    decision: Decision = decide(policy, about, take_standing(registry, policy, about))
    tags = {"digest": about.candidate.digest}
    run = file_run(registry, tags, {DECISION: decision.model_dump_json()})
    return release(registry, decision, run, policy.manual_moves)
