"""An audit finds whatever was tampered with, by name; pruning never takes what is needed."""

import json

import mlflow
import pytest
from life import crown, judge, promote, submit

from nli_lifecycle.lifecycle.audit import AuditError, verify
from nli_lifecycle.lifecycle.difference import difference
from nli_lifecycle.lifecycle.ledger.entry import LedgerGone
from nli_lifecycle.lifecycle.moves import MoveError, rollback
from nli_lifecycle.lifecycle.overview import history, status
from nli_lifecycle.lifecycle.pruning import prune
from nli_lifecycle.lifecycle.release import release

pytest_plugins = ["ready_registries"]


@pytest.fixture
def registry(make_registry, tmp_path):
    registry = make_registry()
    for weights in ("one", "two"):
        submit(registry, tmp_path, weights)
        promote(registry)
    return registry


def stored(tmp_path, weights):
    """The folder of a version's bytes in the artifact store."""
    models = (tmp_path / "artifacts").rglob("model.onnx")
    (found,) = (path.parents[2] for path in models if path.read_text() == weights)
    return found


def test_what_is_in_order_is_said(registry):
    said = list(verify(registry))
    assert said[0] == "Ledger: 3 entries, 0 votes, every hash right."
    assert [line for line in said if "golden probes answered" in line] == said[-3:-1]
    assert "version 2" in said[-3] and "version 1" in said[-2]
    assert said[-1] == "Mirror on the versions' tags: complete, every line equal."


def test_an_environment_before_its_first_run_is_in_order(make_registry):
    assert list(verify(make_registry())) == [
        "dev.nli.classifier has no ledger yet, and no champion."
    ]


def test_a_champion_without_a_ledger_is_a_fault(make_registry, tmp_path):
    registry = make_registry()
    registry.point("champion", submit(registry, tmp_path, "one"))
    with pytest.raises(AuditError, match="has a champion and no ledger"):
        list(verify(registry))
    assert "doctor" in status(registry)["fault"]


def test_a_moved_alias_is_a_fault(registry):
    registry.point("champion", next(iter(registry.versions())))
    with pytest.raises(AuditError, match="aliases do not follow the ledger"):
        list(verify(registry))
    assert status(registry)["aliases_match"] is False


def test_an_altered_mirror_is_a_fault(registry):
    for ref in registry.versions():  # the entry lies on both versions it is about
        text = registry.tags(registry.alias("champion"))["ledger_entry_000002"]
        registry.tag(ref, {"ledger_entry_000002": text.replace("policy", "decree")})
    with pytest.raises(AuditError, match="ledger_entry_000002 on a version"):
        list(verify(registry))
    registry.tag(ref, {"ledger_entry_000002": "{}"})
    with pytest.raises(LedgerGone, match="differs from that of another version"):
        list(verify(registry))


def test_a_missing_mirror_line_is_a_fault(mlflow_registry, tmp_path):
    registry = mlflow_registry()
    champion = submit(registry, tmp_path, "one")
    promote(registry)
    registry.client.delete_model_version_tag(registry.name, champion.version, "ledger_entry_000000")
    with pytest.raises(AuditError, match="1 ledger lines are not mirrored .* reconcile"):
        list(verify(registry))


@pytest.mark.parametrize(
    "name, damage",
    [
        ("artifacts/bundle/model.onnx", lambda path: path.write_text("tampered")),
        ("artifacts/bundle/inference.py", lambda path: path.write_text("print('mine')")),
        ("MLmodel", lambda path: path.write_text(path.read_text().replace("model.py", "my.py"))),
        ("manifest.json", lambda path: path.write_text(path.read_text().replace("1", "2", 1))),
        ("artifacts/bundle/tokenizer.json", lambda path: path.write_text("{}")),
        ("model.py", lambda path: path.symlink_to("/etc/hostname")),
    ],
    ids=["graph", "code", "MLmodel", "manifest", "extra file", "symlink"],
)
def test_tampered_bytes_are_refused_by_name_before_anything_moves(
    mlflow_registry, tmp_path, name, damage
):
    registry = mlflow_registry()
    submit(registry, tmp_path, "one")
    promote(registry)
    submit(registry, tmp_path, "two")
    decision = judge(registry)
    damage(stored(tmp_path, "two") / name)
    before = registry.ledger.lines(), registry.aliases()
    with pytest.raises(Exception, match=name.rpartition("/")[2]):
        release(registry, decision, None)
    assert (registry.ledger.lines(), registry.aliases()) == before
    crown(registry, decision.candidate)  # as if it had been tampered with after its release
    with pytest.raises(AuditError, match=name.rpartition("/")[2]):
        list(verify(registry))


def test_an_altered_decision_document_is_a_fault(mlflow_registry, tmp_path, store):
    registry = mlflow_registry()
    submit(registry, tmp_path, "one")
    decision = judge(registry)
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment("nli-dev")
    with mlflow.start_run() as run:
        mlflow.log_text(decision.model_dump_json(), "decision/decision.json")
    release(registry, decision, run.info.run_id)
    assert "Decision documents: 1 as the ledger says." in list(verify(registry))

    forged = json.loads(decision.model_dump_json()) | {"policy_hash": "0" * 64}
    registry.client.log_text(run.info.run_id, json.dumps(forged), "decision/decision.json")
    with pytest.raises(AuditError, match="decision document of epoch 1 .* was altered: its hash"):
        list(verify(registry))
    registry.client.log_text(run.info.run_id, "{}", "decision/decision.json")
    with pytest.raises(AuditError, match="epoch 1 .* was altered: Field required"):
        list(verify(registry))
    registry.client.delete_run(run.info.run_id)


def test_a_good_version_that_is_gone_is_a_fault(registry):
    registry.delete(next(iter(registry.versions())))
    with pytest.raises(AuditError, match="version 1 .* is gone, and a rollback may need it"):
        list(verify(registry))


def test_pruning_takes_only_what_nothing_needs(registry, tmp_path):
    for weights in ("three", "four"):
        submit(registry, tmp_path, weights)
        promote(registry, accuracy=0.3)
    assert [text.split(" (")[0] for text in prune(registry, dry_run=True)] == [
        "dev.nli.classifier version 3"
    ]
    assert len(registry.versions()) == 4
    for needed in ("1", "2", "4", "9"):
        with pytest.raises(MoveError, match=f"Version {needed} .* is not deleted"):
            prune(registry, needed)
    prune(registry)
    assert [ref.version for ref in registry.versions()] == ["1", "2", "4"]
    assert prune(registry) == []
    assert rollback(registry, "why")[0].version == "1"


def test_status_says_who_is_what(registry, tmp_path):
    registry.tag(registry.alias("champion"), {"accuracy": "0.8500", "macro_f1": "0.8400"})
    submit(registry, tmp_path, "three")
    found = status(registry)
    champion = found["champion"]
    assert (champion["version"], champion["epoch"], champion["by"]) == ("2", 2, "somebody")
    assert (champion["accuracy"], champion["macro_f1"]) == (0.85, 0.84)
    assert champion["digest"] == registry.alias("champion").digest
    assert found["previous"]["version"] == "1" and found["aliases_match"] is True
    assert (found["candidate"]["version"], found["candidate"]["decision"]) == ("3", None)
    assert found["held"] is found["frozen"] is found["fault"] is None


def test_history_lists_the_entries(registry):
    rollback(registry, "too slow")
    found = history(registry)
    assert [(one["epoch"], one["kind"]) for one in found] == [
        (0, "bootstrap"),
        (1, "promote"),
        (2, "promote"),
        (3, "rollback"),
    ]
    assert (found[3]["from"]["version"], found[3]["to"]["version"]) == ("2", "1")
    assert found[3]["reason"] == "too slow" and found[1]["decision"] is not None


def test_two_versions_differ_in_what_they_are(registry):
    first, second = registry.versions()
    registry.tag(first, {"accuracy": "0.8000", "data_version": "d"})
    registry.tag(second, {"accuracy": "0.9000", "data_version": "d"})
    found = difference(registry, "1", "2")
    assert found["accuracy"] == ("0.8000", "0.9000")
    assert "data_version" not in found and not any(name.startswith("ledger") for name in found)
    assert list(found)[0] == "digest"
    with pytest.raises(MoveError, match="has no version 7. There are: 1, 2"):
        difference(registry, "1", "7")
