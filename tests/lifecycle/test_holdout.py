"""The count of digests that a set has judged, on every registry."""

from sealed_folder import sealed_folder

from nli_lifecycle.lifecycle.holdout import count_judgement

pytest_plugins = ["ready_registries"]

SET, OTHER_SET = "a" * 64, "b" * 64


def test_different_digests_take_consecutive_places(make_registry, tmp_path):
    registry = make_registry()
    refs = [registry.register(sealed_folder(tmp_path / name, name), {}) for name in "xyz"]
    assert [count_judgement(registry, ref, SET) for ref in refs] == [1, 2, 3]


def test_judging_the_same_digest_again_costs_nothing(make_registry, tmp_path):
    registry = make_registry()
    first = registry.register(sealed_folder(tmp_path / "x", "x"), {})
    second = registry.register(sealed_folder(tmp_path / "y", "y"), {})
    assert count_judgement(registry, first, SET) == 1
    assert count_judgement(registry, second, SET) == 2
    before = registry.tags(first), registry.tags(second)

    assert count_judgement(registry, first, SET) == 1
    assert count_judgement(registry, second, SET) == 2
    assert (registry.tags(first), registry.tags(second)) == before


def test_every_set_counts_for_itself(make_registry, tmp_path):
    registry = make_registry()
    first = registry.register(sealed_folder(tmp_path / "x", "x"), {})
    second = registry.register(sealed_folder(tmp_path / "y", "y"), {})
    count_judgement(registry, first, SET)
    assert count_judgement(registry, second, OTHER_SET) == 1
    assert count_judgement(registry, second, SET) == 2


def test_a_model_without_versions_has_none_marked(make_registry):
    assert make_registry().versions() == {}
