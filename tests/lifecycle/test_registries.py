"""One contract for every registry: in memory and MLflow's."""

import shutil

import pytest
from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.documents import ModelRef
from nli_lifecycle.lifecycle.versions import RegistryError
from nli_lifecycle.nli.bundle import BundleError

pytest_plugins = ["ready_registries"]

LINEAGE = {"data_version": "d1", "code_version": "c1", "config_hash": "h1"}


def test_an_altered_folder_is_not_registered(make_registry, tmp_path):
    registry = make_registry()
    bundle = sealed_folder(tmp_path / "one")
    (bundle.path / "artifacts/bundle/model.onnx").write_text("other weights")
    with pytest.raises(BundleError, match="model.onnx"):
        registry.register(bundle, LINEAGE)
    assert registry.alias("candidate") is None


@pytest.mark.parametrize(
    "tags, why",
    [
        ({"git.sha": "1"}, "letters, digits and underscores"),
        ({"note": "x" * 1_001}, "Tag note has 1001 characters, over 1000"),
    ],
)
def test_tags_that_some_registry_refuses_are_refused_everywhere(make_registry, tmp_path, tags, why):
    registry = make_registry()
    with pytest.raises(RegistryError, match=why):
        registry.register(sealed_folder(tmp_path / "one"), tags)
    assert registry.alias("candidate") is None


def test_a_version_of_another_model_is_refused(make_registry, tmp_path):
    registry = make_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), LINEAGE)
    foreign = ref.model_copy(update={"name": "prod.nli.classifier"})
    for call in (registry.fetch, registry.tags, lambda ref: registry.point("champion", ref)):
        with pytest.raises(RegistryError):
            call(foreign)


def test_a_missing_version_is_refused(make_registry):
    registry = make_registry()
    absent = ModelRef(name=registry.name, version="7", digest="d" * 64)
    for call in (registry.fetch, registry.tags, lambda ref: registry.point("champion", ref)):
        with pytest.raises(RegistryError):
            call(absent)


def test_bytes_that_are_not_the_digests_are_refused(make_registry, tmp_path):
    registry = make_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), LINEAGE)
    with pytest.raises(RegistryError, match="holds other bytes than were registered"):
        registry.fetch(ref.model_copy(update={"digest": "0" * 64}))


def test_there_is_no_alias_before_the_first_version(make_registry):
    registry = make_registry()
    assert registry.alias("candidate") is None
    assert registry.alias("champion") is None


def test_registering_makes_a_candidate_with_its_lineage(make_registry, tmp_path):
    registry = make_registry()
    bundle = sealed_folder(tmp_path / "one")
    ref = registry.register(bundle, LINEAGE)

    assert ref == ModelRef(name="dev.nli.classifier", version="1", digest=bundle.digest)
    assert registry.alias("candidate") == ref
    assert registry.alias("champion") is None
    assert registry.tags(ref) == {**LINEAGE, "digest": bundle.digest, "environment": "dev"}


def test_the_same_digest_is_the_same_version(make_registry, tmp_path):
    registry = make_registry()
    one = registry.register(sealed_folder(tmp_path / "one", "a"), LINEAGE)
    two = registry.register(sealed_folder(tmp_path / "two", "b"), LINEAGE)
    again = registry.register(sealed_folder(tmp_path / "again", "a"), {"data_version": "later"})

    assert (one.version, two.version) == ("1", "2")
    assert again == one
    assert registry.alias("candidate") == one
    assert registry.tags(one)["data_version"] == "d1"


def test_what_is_fetched_is_what_was_registered(make_registry, tmp_path):
    registry = make_registry()
    bundle = sealed_folder(tmp_path / "one")
    ref = registry.register(bundle, LINEAGE)
    shutil.rmtree(tmp_path / "one")

    for _ in range(2):
        fetched = registry.fetch(ref)
        assert fetched.digest == bundle.digest
        assert (fetched.payload / "model.onnx").read_text() == "weights"


def test_aliases_move(make_registry, tmp_path):
    registry = make_registry()
    one = registry.register(sealed_folder(tmp_path / "one", "a"), LINEAGE)
    two = registry.register(sealed_folder(tmp_path / "two", "b"), LINEAGE)
    registry.point("champion", one)
    assert registry.alias("champion") == one
    registry.point("champion", two)
    assert registry.alias("champion") == two


def test_tags_are_added_and_replaced(make_registry, tmp_path):
    registry = make_registry()
    ref = registry.register(sealed_folder(tmp_path / "one"), {})
    registry.tag(ref, {"decision": "hold", "note": "n"})
    registry.tag(ref, {"decision": "reject"})
    tags = registry.tags(ref)
    assert (tags["decision"], tags["note"], tags["digest"]) == ("reject", "n", ref.digest)
    with pytest.raises(RegistryError):
        registry.tag(ref, {"a-b": "c"})
